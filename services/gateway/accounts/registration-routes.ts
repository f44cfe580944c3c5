import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import * as contract from '#contracts/gateway.ts';
import * as identity from '#contracts/identity.ts';
import * as profiles from '#contracts/profiles.ts';
import type { HttpClient, ProblemReply } from '#platform/http/client.ts';
import { clientAddressOf } from '#platform/http/client-address.ts';
import { anyone, type HttpServer, serve } from '#platform/http/server.ts';
import { refuseUnknownTimeZone } from '#platform/http/time-zone.ts';
import type { Gateway } from '../context/context.ts';
import { bodyOf, problemOf } from '../context/service-clients.ts';
import { sendLetter } from './account-letters.ts';
import { accountOptions } from './account-options.ts';
import { createBackground } from './background.ts';
import { confirmStored, shownProfile } from './confirm-address.ts';

const { emailTaken } = identity.identityProblems;

// Longer than a registration takes on a machine that is not busy, so that the time does not show
// whether the address is new.
const CONCEALED_MS = 400;

/**
 * Registration, where identity keeps the accounts. With CONFIRM_ADDRESSES it does not tell whether
 * an address has an account: the answer looks like that to a new one, and the owner gets a letter.
 */
export function serveRegistration(app: HttpServer, gateway: Gateway, client: HttpClient): void {
  const inBackground = createBackground();

  serve(app, contract.register, { identify: anyone }, async ({ body, request }) => {
    const { email, password, name, locale = 'ru', timeZone } = body;
    // Before the account is made.
    refuseUnknownTimeZone(timeZone, { pointer: '/timeZone' });
    const contact = { email, name, locale, ...(timeZone !== undefined && { timeZone }) };
    const concealed = gateway.config.CONFIRM_ADDRESSES;
    const shown = concealed ? wait(CONCEALED_MS) : undefined;
    const options = accountOptions();
    const account = await client.call(
      identity.createAccount,
      { body: { email, password, clientAddress: clientAddressOf(request) } },
      options,
    );
    if (account.problem) {
      if (!concealed || account.body.code !== emailTaken.code) {
        throw problemOf(account, [emailTaken]);
      }
      if (isLetterDue(account)) {
        void inBackground(request, 'the letter to the owner of a known address', () =>
          sendLetter(gateway, { kind: 'address-known', email, locale }),
        );
      }
      await shown;
      const customerId = randomUUID();
      return { status: 201, body: { customerId, ...contact, emailConfirmed: false } };
    }
    // Creates the profile only where none exists: a repetition completes a registration that broke
    // off here.
    const { customerId } = account.body;
    const profile = await createProfile(gateway, { customerId, ...contact }, options);
    const confirmation = confirmStored(gateway, profile, request.log);
    // The letter of a new address must not take longer than that of a known one.
    await (shown ?? confirmation);
    return { status: 201, body: shownProfile(gateway, profile) };
  });
}

/** Stores the profile. Replicas of an older version know no time zone, and refuse unknown members. */
async function createProfile(
  gateway: Gateway,
  { timeZone, ...contact }: profiles.Profile,
  options: ReturnType<typeof accountOptions>,
): Promise<profiles.Profile> {
  const create = (body: profiles.Profile) =>
    gateway.clients.profiles.call(profiles.createProfile, { body }, options);
  if (timeZone === undefined) return bodyOf(await create(contact));
  const answer = await create({ ...contact, timeZone });
  const isRefused = answer.problem && answer.status === 400;
  return bodyOf(isRefused ? await create(contact) : answer);
}

/** Identity counts these letters: three an hour to one address. */
function isLetterDue({ body }: ProblemReply): boolean {
  return body.letterDue === true;
}
