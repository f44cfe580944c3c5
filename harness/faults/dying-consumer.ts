import pg from 'pg';
import { consumeOrders, createInbox } from '../../client/events/events.ts';

// A consumer of the event kit for a test to kill: it says `here` between the commit of its effect and
// that of the offset, and then hangs.

const [topic, groupId] = process.argv.slice(2) as [string, string];
const pool = new pg.Pool({ connectionString: process.env.EFFECTS_DATABASE_URL, max: 2 });
const inbox = createInbox(pool);

await consumeOrders({
  brokers: (process.env.TEST_KAFKA_BROKERS as string).split(','),
  groupId,
  topic,
  sessionTimeoutMs: 6_000,
  async handler(event) {
    await inbox.once(event.id, (tx) => tx.query('insert into effects values ($1)', [event.id]));
    console.log('here');
    await new Promise(() => {});
  },
});
