import assert from 'node:assert/strict';
import { test } from 'node:test';
import pino from 'pino';
import { startLetterBench as start } from '#harness/system/letter-workers.ts';

test('no address is written down, not even one that a server or a fault repeats', async (t) => {
  const bench = await start(t, [
    { at: 'rcpt', do: 'reply', reply: '450 4.2.0 <anna@example.com>: mailbox busy' },
  ]);
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => lines.push(line) });
  const [id = ''] = await bench.insert('anna');
  // Its attempt cannot be recorded, and the database says why.
  await bench.sql(`create function refuse() returns trigger language plpgsql as
    $$ begin raise 'not for anna@example.com'; end $$`);
  await bench.sql(
    'create trigger refuse before insert on letter_attempts for each row execute function refuse()',
  );
  const worker = bench.worker({ log, mailerOptions: { log } });
  await bench.until(id, 'sent', 0);
  await worker.close();
  const text = lines.join('');
  assert.match(text, /<a\*\*\*@example\.com>: mailbox busy/);
  assert.match(text, /not for a\*\*\*@example\.com/);
  assert.doesNotMatch(text, /anna@/);
});
