import { isDeepStrictEqual } from 'node:util';
import { queryRows } from '../database.ts';
import { eventually } from '../eventually.ts';
import { by, found, type OracleSources, type Row } from './stored-state.ts';

type Sources = Pick<OracleSources, 'databaseUrl'>;

const TYPES: Record<string, string> = { Paid: 'order.paid', Cancelled: 'order.cancelled' };

/** What webhooks has not done yet, once all events are on the topic. */
async function readWaiting({ databaseUrl }: Sources): Promise<string> {
  const [published] = await queryRows(databaseUrl('orders'), 'select count(*) as n from outbox');
  const [stored] = await queryRows(
    databaseUrl('webhooks'),
    `select (select count(*) from events where status is not null) as n,
        (select coalesce(string_agg(deliveries.id || ' is ' || deliveries.state || ', attempts '
            || attempt_count || coalesce(': ' || reason, ''), '; '), '')
          from deliveries join endpoints on endpoints.id = endpoint_id
          where deliveries.state in ('queued', 'delivering') and endpoints.state = 'enabled'
            and removed_at is null) as waiting`,
  );
  if (published?.n === stored?.n) return String(stored?.waiting);
  return `${stored?.n} of ${published?.n} events are stored; ${stored?.waiting}`;
}

/**
 * Waits until every event is stored and every delivery has ended; brings due times forward.
 * @throws Error that says what is stuck
 */
export async function untilWebhooksEnded(sources: Sources, standstillMs?: number): Promise<void> {
  let waiting = '';
  const isDone = async () => {
    await queryRows(
      sources.databaseUrl('webhooks'),
      "update deliveries set due_at = now() where state = 'queued' and due_at > now()",
    );
    waiting = await readWaiting(sources);
    return waiting === '';
  };
  await eventually('webhooks', isDone, standstillMs).catch((cause: unknown) => {
    throw new Error(`webhooks are stuck: ${waiting.slice(0, 2_000)}`, { cause });
  });
}

/**
 * Compares ended orders with webhooks: each is one event, and one delivered webhook for each
 * endpoint that was there when the event was stored and wants its status.
 * @param received event ids that the receiver of all enabled endpoints got; not compared when absent
 */
export async function webhookViolations(
  { databaseUrl }: Sources,
  received?: ReadonlySet<string>,
): Promise<string[]> {
  const read = (name: string, sql: string) => queryRows(databaseUrl(name), sql);
  const outbox = await read('orders', 'select id, aggregateid, payload from outbox');
  const events = await read('webhooks', 'select * from events where status is not null');
  const deliveries = await read('webhooks', 'select * from deliveries where order_id is not null');
  const endpoints = await read(
    'webhooks',
    "select * from endpoints where state = 'enabled' and removed_at is null",
  );
  const published = by(outbox, ({ id }) => id);
  const stored = by(events, ({ id }) => id);
  const queued = by(deliveries, ({ event_id, endpoint_id }) => `${event_id} ${endpoint_id}`);
  return [
    ...outbox
      .filter(({ id }) => !stored.has(String(id)))
      .map(({ id }) => `event ${id} was not stored by webhooks`),
    ...events.flatMap((event) => [
      ...eventViolations(event, published.get(String(event.id))?.[0]),
      ...endpoints
        .filter((endpoint) => isFor(event, endpoint))
        .flatMap(({ id }) => {
          const all = queued.get(`${event.id} ${id}`) ?? [];
          const states = all.map(({ state }) => state).join();
          return found([
            states !== 'delivered' &&
              `event ${event.id} has deliveries [${states}] for endpoint ${id}`,
            states === 'delivered' &&
              received?.has(String(event.id)) === false &&
              `event ${event.id} is delivered, and its receiver has not got it`,
          ]);
        }),
    ]),
  ];
}

/** Whether an endpoint that has not changed since gets an event. */
const isFor = (event: Row, endpoint: Row) =>
  (endpoint.created_at as Date) < (event.received_at as Date) &&
  (endpoint.statuses as string[]).includes(String(event.status));

function eventViolations({ id, type, order_id, status, body }: Row, source?: Row): string[] {
  if (source === undefined) return [`webhooks stored event ${id}, which is not in the outbox`];
  const payload = source.payload as Row;
  const expected = { type: TYPES[String(payload.status)], timestamp: payload.occurredAt };
  return found([
    order_id !== source.aggregateid && `event ${id} of webhooks names order ${order_id}`,
    status !== payload.status && `event ${id} of webhooks is ${status}`,
    type !== expected.type && `event ${id} of webhooks is of type ${type}`,
    !isDeepStrictEqual(JSON.parse(String(body)), { ...expected, data: payload }) &&
      `the body of webhook ${id} is ${body}`,
  ]);
}
