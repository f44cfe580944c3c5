import { AppError, commonProblems } from '../../errors.ts';
import { actorOf } from '../../http/actor.ts';
import type { Endpoint } from '../../http/endpoint.ts';
import { decodeCursor, pageWith } from '../../http/page.ts';
import type { InternalApi } from '../../service/internal-service.ts';
import type { Consumer } from './consumer.ts';
import type { DeadLetterState } from './dead-letter-store.ts';
import { maskedDeadLetter } from './dead-letter-view.ts';

/** The operations on dead letters, as the contract of a service declares them. */
export type DeadLetterOperations = Record<
  | 'listDeadLetters'
  | 'getDeadLetter'
  | 'redriveDeadLetter'
  | 'redriveDeadLetters'
  | 'discardDeadLetters',
  Endpoint
>;

const CURSOR = /^dead-letters:([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})$/;
const PAGE_SIZE_DEFAULT = 20;

interface ListQuery {
  state?: DeadLetterState;
  cursor?: string;
  limit?: number;
}

/** Messages that could not be stored, for the operator. The contract's schemas check the input. */
export function serveConsumer(
  api: InternalApi,
  operations: DeadLetterOperations,
  { deadLetters }: Pick<Consumer, 'deadLetters'>,
): void {
  const idOf = (params: unknown) => (params as { deadLetterId: string }).deadLetterId;

  async function answerWith(id: string) {
    const found = await deadLetters.find(id);
    if (found === null) throw new AppError(commonProblems.notFound, `no dead letter ${id}`);
    return { status: 200, body: maskedDeadLetter(found) };
  }

  api.serve(operations.listDeadLetters, async ({ query, request }) => {
    const { state = null, cursor, limit = PAGE_SIZE_DEFAULT } = query as ListQuery;
    const before = decodeCursor(cursor, CURSOR);
    const { data, more } = await deadLetters.list({ state, before, limit });
    if (data.length > 0) await deadLetters.recordRead(actorOf(request), 'list-dead-letters', {});
    const keyOf = ({ id }: { id: string }) => `dead-letters:${id}`;
    return { status: 200, body: pageWith(data, more, keyOf, maskedDeadLetter) };
  });

  api.serve(operations.getDeadLetter, async ({ params, request }) => {
    const answer = await answerWith(idOf(params));
    const subject = { deadLetterId: answer.body.id };
    await deadLetters.recordRead(actorOf(request), 'read-dead-letter', subject);
    return answer;
  });

  api.serve(operations.redriveDeadLetter, async ({ params, request }) => {
    await deadLetters.redrive(idOf(params), actorOf(request));
    return answerWith(idOf(params));
  });

  api.serve(operations.redriveDeadLetters, async ({ request }) => {
    return { status: 200, body: await deadLetters.redriveMany(actorOf(request)) };
  });

  api.serve(operations.discardDeadLetters, async ({ body, request }) => {
    const { deadLetterIds, reason } = body as { deadLetterIds: string[]; reason: string };
    const ids = [...new Set(deadLetterIds.map((id) => id.toLowerCase()))];
    const discarded = await deadLetters.discard(ids, { actor: actorOf(request), reason });
    return { status: 200, body: { discarded, refused: ids.length - discarded } };
  });
}
