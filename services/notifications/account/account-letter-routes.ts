import { sendAccountLetter } from '#contracts/account-letters.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import type { Database } from '#platform/postgres/database.ts';
import type { InternalApi } from '#platform/service/internal-service.ts';
import { insertAccountLetter } from './account-letter-store.ts';
import { hasLink } from './template.ts';

// Three an hour go out, so that more would wait for hours.
const WAITING_PER_ADDRESS_MAX = 10;
const RETRY_AFTER_S = '3600';

/** Takes letters about accounts. @param onDue called after one was stored */
export function serveAccountLetters(api: InternalApi, database: Database, onDue: () => void): void {
  api.serve(sendAccountLetter, async ({ body }) => {
    if (hasLink(body.kind) && body.link === undefined) {
      throw new AppError(commonProblems.invalidRequest, `${body.kind} needs a link`, {
        violations: [{ pointer: '/link', rule: 'required' }],
      });
    }
    if (!(await insertAccountLetter(database, body, WAITING_PER_ADDRESS_MAX))) {
      throw new AppError(commonProblems.tooMany, 'many letters to this address wait', {
        headers: { 'retry-after': RETRY_AFTER_S },
      });
    }
    onDue();
    return { status: 202, body: { id: body.id } };
  });
}
