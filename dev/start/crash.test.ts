import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import { startTestSmtpServer } from '#harness/faults/smtp-server.ts';
import { newHistory } from '#harness/oracle/history.ts';
import { assertReconciled, passLeases } from '#harness/oracle/oracle.ts';
import { answeredWith, call } from '#harness/requests.ts';
import { ready, type Started, serverPid, sourcesOf, temporaryHome } from '#harness/system/start.ts';
import { orderOf, PASSWORD, rub } from '#harness/system/system.ts';
import { runTraffic } from '#harness/system/traffic.ts';
import { readPidFile } from '../files/process.ts';
import { serverUrl } from '../postgres/server.ts';

/** Registers, signs in and tops up. */
async function createCustomer(url: string, name: string, topUp: number) {
  const account = { email: `${name}@example.com`, password: PASSWORD };
  const { body } = await call(url, 'POST', '/v1/registrations', { body: { ...account, name } });
  const session = await call(url, 'POST', '/v1/sessions', { body: account });
  const token: string = session.body.accessToken;
  const headers = { authorization: `Bearer ${token}` };
  await call(url, 'POST', '/v1/wallet/top-ups', { headers, body: { amount: rub(topUp) } });
  return { customerId: body.customerId as string, token, headers };
}

/** Places an order as a client does that repeats it until it is Paid. */
function placeOrder(url: string, customer: { authorization: string }) {
  const headers = { ...customer, 'idempotency-key': 'key' };
  const request = { headers, body: orderOf(200) };
  return answeredWith(201, () => call(url, 'POST', '/v1/orders', request));
}

/**
 * Ends a system in the middle of traffic, starts it again on the same data, and compares its records
 * with every answer that clients got. Compares them once more after every client has repeated its
 * requests.
 */
async function interruptTraffic(t: TestContext, signal: 'SIGKILL' | 'SIGTERM') {
  const { home, start } = await temporaryHome(t);
  const first = start();
  let url = await ready(first);
  const customers = [];
  for (const name of ['anna', 'boris', 'vera', 'gleb']) {
    customers.push(await createCustomer(url, name, 500));
  }
  const history = newHistory();
  let running = true;
  let ended = 0;
  let begun = 0;
  const traffic = { url: () => url, customers, clients: 8, orders: 15, history };
  await runTraffic({
    ...traffic,
    onEnded(number) {
      ended = number;
    },
    // Called before each request. Answers arrive in groups, so the kill waits until some clients
    // have sent their next request: these requests are then in progress.
    mayGoOn() {
      if (ended >= 40 && running && ++begun === 5) {
        running = false;
        setImmediate(() => first.child.kill(signal));
      }
      return running;
    },
  });
  const exitCode = await first.exited;
  const orphan = serverPid(home);
  if (orphan !== undefined) await passLeases(await sourcesOf(home));

  // At first no client repeats its requests, so recovery must end the open orders.
  const second = start('0', { RECOVERY_AGE_MS: '0', RECOVERY_INTERVAL_MS: '50' });
  url = await ready(second);
  const taken = serverPid(home);
  await assertReconciled(await sourcesOf(home), history);
  second.child.kill('SIGTERM');
  assert.equal(await second.exited, 0, second.printed());

  const third = start();
  url = await ready(third);
  await runTraffic(traffic);
  await assertReconciled(await sourcesOf(home), history);
  third.child.kill('SIGTERM');
  assert.equal(await third.exited, 0, third.printed());
  return { exitCode, orphan, taken, history };
}

test('I1 to I6: killed in the middle of traffic: the next start takes over and ends all', async (t) => {
  const { exitCode, orphan, taken, history } = await interruptTraffic(t, 'SIGKILL');
  assert.equal(exitCode, null);
  assert.ok(orphan !== undefined);
  assert.equal(taken, orphan);
  const lost = history.orders.filter(({ status }) => status === 0);
  assert.ok(lost.length > 0, 'it was not killed in the middle of anything');
});

test('I1 to I6: stopped in the middle of traffic: exit code 0, nothing lost', async (t) => {
  const { exitCode, orphan } = await interruptTraffic(t, 'SIGTERM');
  assert.equal(exitCode, 0);
  assert.equal(orphan, undefined);
});

test('a mail server that says nothing does not hold up a stop; its letter goes again, counted', async (t) => {
  const mail = await startTestSmtpServer(t, { script: [{ at: 'dot', do: 'hang' }] });
  const { home, start } = await temporaryHome(t);
  // Its first letter is that of the order.
  const env = { SMTP_URL: mail.url, CONFIRM_ADDRESSES: 'false' };
  const first = start('0', env);
  const { headers } = await createCustomer(await ready(first), 'anna', 500);
  const url = await ready(first);
  await placeOrder(url, headers);
  await mail.reached('dot');
  first.child.kill('SIGTERM');
  assert.equal(await first.exited, 0, first.printed());

  const again = await ready(start('0', env));
  const letter = await eventually('the letter', async () => {
    await passLetterLeases(home);
    const { body } = await call(again, 'GET', '/v1/letters', { headers });
    return body.data[0]?.state === 'sent' && body.data[0];
  });
  assert.equal(letter.unknownOutcomes, 1);
  assert.equal(mail.messages.length, 1);
});

/** As if the leases of dead letter workers, and the waits between two tries, were over. */
async function passLetterLeases(home: string): Promise<void> {
  const { databaseUrl } = await sourcesOf(home);
  await queryRows(
    databaseUrl('notifications'),
    "update letters set due_at = now() where state <> 'sent' and due_at > now() + interval '1 s'",
  );
}

/** Names in the folder and its folders, except what the compile cache holds. */
async function namesIn(home: string): Promise<string[]> {
  const names = await readdir(home);
  const inner = names
    .filter((name) => name !== 'compile-cache')
    .map(async (name) => {
      const entries = await readdir(join(home, name)).catch((): string[] => []);
      return entries.map((entry) => `${name}/${entry}`);
    });
  return [...names, ...(await Promise.all(inner)).flat()];
}

/** Whether a start has reached a certain moment. */
type Moment = (home: string) => Promise<boolean>;

/** The moment when this many files have been created since the start began. */
async function afterChanges(home: string, count: number): Promise<Moment> {
  const before = new Set(await namesIn(home));
  return async () => (await namesIn(home)).filter((name) => !before.has(name)).length >= count;
}

/** The moment when this many of the services' databases exist. */
function afterDatabases(count: number): Moment {
  return async (home) => {
    const port = readPidFile(join(home, 'postgres'))?.port;
    if (port === undefined) return false;
    const password = (await readFile(join(home, 'postgres-password'), 'utf8')).trim();
    const found = await queryRows(
      serverUrl(port, 'postgres', password, 'postgres'),
      `select datname from pg_database where datname !~ '^(postgres|template)'`,
    ).catch(() => []);
    return found.length >= count;
  };
}

/** @returns whether the start was caught before it was ready */
async function interruptAt(
  home: string,
  { child, printed }: Started,
  moment: Moment,
  signal: NodeJS.Signals,
): Promise<boolean> {
  const isReady = () => /Orderbell is ready/.test(printed());
  await eventually('the moment', async () => {
    if (child.exitCode !== null) throw new Error(`it ended: ${printed()}`);
    return isReady() || moment(home);
  });
  const caught = !isReady();
  child.kill(signal);
  return caught;
}

/** A start that serves an order and stops cleanly. */
async function assertStarts(started: Started): Promise<void> {
  const url = await ready(started);
  const { headers } = await createCustomer(url, 'anna', 500);
  await placeOrder(url, headers);
  started.child.kill('SIGTERM');
  assert.equal(await started.exited, 0, started.printed());
}

test('a first start killed at many moments, one after the other, does not block the next', async (t) => {
  const { home, start } = await temporaryHome(t);
  let caught = 0;
  const all: Started[] = [];
  const kill = async (moment: Moment) => {
    const started = start();
    all.push(started);
    if (await interruptAt(home, started, moment, 'SIGKILL')) caught++;
    await started.exited;
  };
  for (const count of [1, 2, 4, 7, 12, 30]) await kill(await afterChanges(home, count));
  for (const count of [1, 4, 7]) await kill(afterDatabases(count));
  await kill(async () => existsSync(join(home, 'mailbox.sqlite')));
  // Once the data exist a start creates fewer files, and a quick one may be ready before its moment.
  assert.ok(caught >= 5, `only ${caught} of 10 starts were killed before they were ready`);
  const last = start();
  all.push(last);
  await assertStarts(last);
  // The first start that prints the screen shows the password, be it this one or an earlier one.
  const shown = all.map((one) => one.printed()).find((text) => text.includes('is ready'));
  assert.match(shown ?? '', /Operator {3,}operator@localhost\.localdomain {2}\S{20,}/);
  assert.deepEqual(
    (await readdir(home)).filter((name) => name.includes('.new-')),
    [],
  );
});

test('Ctrl-C during the first start: it ends, leaves no server, and the next start works', async (t) => {
  const interrupt = async (momentIn: (home: string) => Promise<Moment>) => {
    const { home, start } = await temporaryHome(t);
    const started = start();
    assert.ok(await interruptAt(home, started, await momentIn(home), 'SIGINT'));
    await started.exited;
    assert.equal(serverPid(home), undefined, started.printed());
    await assertStarts(start());
  };
  // Concurrently, since a start mostly waits for the disk.
  await Promise.all([
    interrupt((home) => afterChanges(home, 1)),
    interrupt((home) => afterChanges(home, 12)),
    interrupt(async () => afterDatabases(1)),
  ]);
});
