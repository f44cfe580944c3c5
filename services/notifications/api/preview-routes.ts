import * as contract from '#contracts/notifications.ts';
import type { Profile } from '#contracts/profiles.ts';
import { AppError } from '#platform/errors.ts';
import { actorOf } from '#platform/http/actor.ts';
import { refuseUnknownTimeZone } from '#platform/http/time-zone.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import type { LetterItems } from '../letter/letter-items.ts';
import type { Sender } from '../letter/letter-mail.ts';
import { OWN_TEMPLATES_FROM, TEMPLATES } from '../letter/template.ts';
import { detailsOf } from '../recipient/details.ts';
import { greetedContact } from '../recipient/greeting.ts';
import { previewOf } from './letter-view.ts';
import { getLetter } from './operator-letter-routes.ts';
import { recordLetterRead } from './record-letter-read.ts';

export interface PreviewDeps {
  database: Database;
  sender: Sender;
  /** Of new letters. */
  templateVersion: number;
  confirmAddresses: boolean;
  /** Today's contact data, null without a profile. */
  findContact: (customerId: string) => Promise<Profile | null>;
  findItems: (orderId: string) => Promise<LetterItems | undefined>;
}

/** A letter as it would go out now, by any version, in any language and zone. */
export function servePreviews(api: InternalApi, deps: PreviewDeps): void {
  const { database, sender, confirmAddresses } = deps;
  const { templates = TEMPLATES } = sender;

  api.serve(contract.previewLetter, async ({ params, query, request }) => {
    const row = await getLetter(database, params.letterId);
    await recordLetterRead(database, actorOf(request), row);
    const { templateVersion = row.template_version, timeZone } = query;
    if (templates[templateVersion] === undefined) {
      const { templateUnknown } = contract.notificationProblems;
      throw new AppError(templateUnknown, `no letter template ${templateVersion}`);
    }
    refuseUnknownTimeZone(timeZone, { parameter: 'timeZone' });
    const found = await deps.findContact(row.customer_id);
    if (found === null) {
      throw new AppError(contract.notificationProblems.noContact, `no contact for ${row.id}`);
    }
    const contact = { ...found, ...(timeZone !== undefined && { timeZone }) };
    const details = await detailsOf({ templateVersion, contact, confirmAddresses }, () =>
      deps.findItems(row.order_id),
    );
    const { email: to, name, locale } = greetedContact(contact, confirmAddresses);
    const recipient = {
      to,
      name,
      locale: query.locale ?? locale,
      ...(details !== null && { details }),
    };
    return { status: 200, body: previewOf(row, templateVersion, recipient, sender) };
  });

  api.serve(contract.listLetterTemplates, async () => {
    const data = Object.keys(templates).map((name) => {
      const version = Number(name);
      const source = version < OWN_TEMPLATES_FROM ? ('built-in' as const) : ('own' as const);
      return { version, source, current: version === deps.templateVersion };
    });
    return { status: 200, body: { data } };
  });
}
