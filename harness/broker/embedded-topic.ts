import { ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { closeDatabase, queryRows } from '../database.ts';
import { publishOnce, type TestBroker, topicContent } from './broker.ts';

/** Reads and damages the embedded broker's topic by SQL. */
export function embeddedTopic(databaseUrl: string): TestBroker {
  const query = (sql: string) => queryRows(databaseUrl, sql);
  const settings = { BROKER_DATABASE_URL: databaseUrl };
  return {
    settings,
    async listMessages() {
      const rows = await query(
        `select partition, "offset", key, value, headers
         from messages join topics on topics.number = messages.topic
         where topics.name = '${ORDERS_TOPIC}' order by partition, "offset"`,
      );
      return rows.map(({ partition, offset, key, value, headers }) => {
        const texts = textsOf(headers as [string, string][]);
        return {
          id: texts.ce_id ?? '',
          content: topicContent(String(key), String(value), texts),
          partition: partition as number,
          offset: offset as string,
        };
      });
    },
    async listUnread() {
      const rows = await query(
        `select 'partition ' || partition || ' is read to ' || position || ' of ' || next_offset
           as line
         from positions join partitions using (topic, partition) where position < next_offset`,
      );
      return rows.map(({ line }) => String(line));
    },
    async countMembers() {
      return (await query(`select member from members where "group" = 'notifications'`)).length;
    },
    publish: (message) => publishOnce({ ...settings, TOPIC_PARTITIONS: '1' }, message),
    async passLeases() {
      await query('update positions set lease_until = now()');
      await query('update members set alive_until = now()');
    },
    takeAway: () => closeDatabase(databaseUrl),
    async loseTail() {
      await query('create table kept_partitions as table partitions');
      await query('update partitions set next_offset = 0');
      return async () => {
        await query(
          `update partitions set next_offset = kept.next_offset from kept_partitions kept
           where kept.topic = partitions.topic and kept.partition = partitions.partition`,
        );
        await query('drop table kept_partitions');
      };
    },
  };
}

/** Headers as text: they are kept in base64. */
function textsOf(headers: [name: string, base64: string][]): Record<string, string> {
  return Object.fromEntries(
    headers.map(([name, value]) => [name, Buffer.from(value, 'base64').toString()]),
  );
}
