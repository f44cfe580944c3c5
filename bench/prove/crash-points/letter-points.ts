import assert from 'node:assert/strict';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { queryRows } from '#harness/database.ts';
import { eventually } from '#harness/eventually.ts';
import type { SmtpStep } from '#harness/faults/smtp-server.ts';
import { passLeases } from '#harness/oracle/oracle.ts';
import type { Answer } from '#harness/requests.ts';
import { type CrashStep, steps } from './crash-steps.ts';
import {
  assertStatus,
  bothWays,
  type CrashPoint,
  type PointOrder,
  placeOrder,
  type TestBed,
  type When,
} from './test-bed.ts';

/** How often the order's letter was received. */
async function copiesOf(testBed: TestBed, order: PointOrder): Promise<number> {
  const { id } = await testBed.untilLetter(order, 'sent');
  const mails = await testBed.system.listMails();
  return mails.filter(({ messageId }) => messageId.includes(String(id))).length;
}

/** Waits for the order's letter; expires leases and retry delays meanwhile. */
function untilSentHastened(testBed: TestBed, order: PointOrder): Promise<unknown> {
  return eventually(`the letter of ${order.key}`, async () => {
    await passLeases(testBed.system);
    return testBed.untilLetter(order, 'sent', 2_500).catch(() => false);
  });
}

/** The process that takes the step dies; another one sends the letter, after the lease. */
function dies(row: number, step: CrashStep, when: When, { copies = 1 } = {}): CrashPoint {
  return {
    row,
    name: `${step.owner} dies ${when} "${step.name}"`,
    async run(testBed) {
      const order = testBed.newOrder();
      // A relay dies in the process that answers the gateway too.
      await testBed.askInto(testBed.killAt(step, when), order, 201, 202);
      await testBed.untilAnswered(order, 201);
      await passLeases(testBed.system);
      const found = await copiesOf(testBed, order);
      assert.ok(found >= 1 && found <= copies, `the letter came ${found} times`);
    },
  };
}

/** The process that takes the step hangs past its lease, and another one does the work. */
function hangs(row: number, step: CrashStep, when: When): CrashPoint {
  return {
    row,
    name: `${step.owner} hangs past its lease ${when} "${step.name}"`,
    async run(testBed) {
      const triggered = testBed.trap(step, when, ({ replica }) => {
        replica.suspend();
        return 'hold';
      });
      const order = testBed.newOrder();
      const { replica, proxy } = await testBed.askInto(triggered, order, 201, 202);
      await testBed.untilAnswered(order, 201);
      await untilSentHastened(testBed, order);
      replica.resume();
      proxy.release();
    },
  };
}

/** While the broker is down or hangs, orders are answered and their letters come later. */
function brokerAway(row: number, harm: 'killed' | 'hanging'): CrashPoint {
  return {
    row,
    name: `broker ${harm}`,
    async run(testBed) {
      const { broker } = testBed.system;
      const heal = await (harm === 'hanging' && broker.hang ? broker.hang() : broker.takeAway());
      const order = await placeOrder(testBed);
      await heal();
      await passLeases(testBed.system);
      await testBed.untilLetter(order, 'sent');
    },
  };
}

/** An event with a lower number than published ones becomes visible after them. */
const lateCommit: CrashPoint = {
  row: 23,
  name: 'a transaction that wrote an event commits late',
  async run(testBed) {
    const { system, gateways, client } = testBed;
    const ordersUrl = system.databaseUrl('orders');
    const late = await client.register(gateways[0] as string, {
      email: 'late@example.com',
      topUp: 1_000,
    });
    // At the end of its transaction, when its number is drawn, the late one's event waits.
    await queryRows(
      ordersUrl,
      `create function wait_at_commit() returns trigger language plpgsql as $$ begin
         perform pg_advisory_xact_lock(4711); return null; end $$;
       create constraint trigger late after insert on outbox deferrable initially deferred
         for each row when (new.payload ->> 'customerId' = '${late.customerId}')
         execute function wait_at_commit()`,
    );
    const quick = await placeOrder(testBed);
    const { order_id: quickId } = await testBed.untilLetter(quick, 'sent');
    const order = testBed.newOrder();
    // It holds the lock that the trigger wants.
    const gate = new pg.Client({ connectionString: ordersUrl });
    gate.on('error', () => {});
    await gate.connect();
    await gate.query('select pg_advisory_lock(4711)');
    let slow: Promise<Answer | undefined>;
    try {
      slow = client.order(gateways[0] as string, late, order);
      await eventually('an event that waits', async () => {
        const waiting = await queryRows(
          ordersUrl,
          `select from pg_locks where locktype = 'advisory' and not granted`,
        );
        return waiting.length > 0;
      });
      // A published event gets the next number. One statement: the late one waits a second at most.
      await queryRows(
        ordersUrl,
        'update outbox set sequence = default where aggregateid = $1 and published_at is not null',
        [quickId],
      );
    } finally {
      await gate.end();
      await queryRows(ordersUrl, 'drop trigger late on outbox; drop function wait_at_commit');
    }
    assertStatus(await slow, 201, 202);
    await testBed.untilLetter(order, 'sent');
  },
};

function mailServer(row: number, what: string, step: SmtpStep): CrashPoint {
  return {
    row,
    name: `mail server ${what}`,
    async run(testBed) {
      await testBed.system.smtp.tell({ next: [step] });
      const order = await placeOrder(testBed);
      // As if the wait until the next try were over.
      await untilSentHastened(testBed, order);
    },
  };
}

const mailServerAway: CrashPoint = {
  row: 30,
  name: 'mail server killed',
  async run(testBed) {
    const { smtp } = testBed.system;
    smtp.kill();
    const order = await placeOrder(testBed);
    await testBed.untilLetter(order, 'queued');
    await smtp.revive();
    await passLeases(testBed.system);
    await testBed.untilLetter(order, 'sent');
  },
};

const refusedForGood: CrashPoint = {
  row: 31,
  name: 'mail server refuses for good, the operator sends again',
  async run(testBed) {
    const { system, client, gateways } = testBed;
    const gateway = gateways[0] as string;
    const reply = '550 5.1.1 no such user';
    await system.smtp.tell({ next: [{ at: 'rcpt', do: 'reply', reply }] });
    const order = await placeOrder(testBed);
    const { id } = await testBed.untilLetter(order, 'failed');
    const operator = await client.signIn(gateway, OPERATOR_EMAIL, system.secrets.operatorPassword);
    assertStatus(
      await client.send('POST', gateway, operator, `/v1/operator/letters/${id}/resend`),
      202,
      200,
    );
    await testBed.untilLetter(order, 'sent');
  },
};

const profilesAway: CrashPoint = {
  row: 32,
  name: 'all of profiles killed',
  async run(testBed) {
    const profiles = testBed.system.replicas.filter(({ service }) => service === 'profiles');
    for (const replica of profiles) replica.kill();
    const order = await placeOrder(testBed);
    // Claimed, and without a contact.
    await eventually('an attempt', async () => {
      const letters = await testBed.rows(
        'notifications',
        `select from letters where state <> 'sent' and attempt_count > 0`,
      );
      return letters.length > 0;
    });
    await Promise.all(profiles.map((replica) => replica.revive()));
    await untilSentHastened(testBed, order);
  },
};

/** The topic loses acknowledged events; relays detect that at their start and publish again. */
const tailLost: CrashPoint = {
  row: 22,
  name: 'broker loses acknowledged events',
  async run(testBed) {
    const { kafka, replicas } = testBed.system;
    const order = await placeOrder(testBed);
    await testBed.untilLetter(order, 'sent');
    // Events, not messages: one that an earlier kill sent twice comes again once.
    const before = await listEvents(testBed);
    if (kafka === undefined) await cutEmbeddedLog(testBed);
    else {
      kafka.signal('SIGKILL');
      await kafka.exited();
      await cutLogs(kafka.folder);
      await kafka.restart();
    }
    const relays = replicas.filter(({ service }) => service === 'orders');
    for (const relay of relays) relay.kill();
    const [now] = await testBed.rows('notifications', 'select now() as at');
    testBed.system.topicLostAt = now?.at as Date;
    await Promise.all(relays.map((relay) => relay.revive()));
    await eventually('the events to be there again', async () =>
      before.isSubsetOf(await listEvents(testBed).catch(() => new Set<string>())),
    );
  },
};

/** Ids of the events on the topic. */
async function listEvents({ system }: TestBed): Promise<Set<string>> {
  return new Set((await system.broker.listMessages()).map(({ id }) => id));
}

async function cutEmbeddedLog({ rows }: TestBed): Promise<void> {
  await rows('broker', 'delete from messages');
  await rows('broker', 'update partitions set next_offset = 0');
  await rows('broker', 'update positions set position = 0');
}

/** Cuts logs as a power failure does when their tail is not on disk yet. */
async function cutLogs(folder: string): Promise<void> {
  const data = join(folder, 'data');
  const logs = (await readdir(data)).filter((name) => /(^|\.)orders-\d+$/.test(name));
  for (const log of logs) {
    const files = await readdir(join(data, log));
    for (const name of files.filter((each) => each.endsWith('.log'))) {
      const file = await open(join(data, log, name), 'r+');
      await file.truncate(0);
      await file.close();
    }
  }
}

/** Rows 19 to 34 and 38: from the order's end to the received letter. */
export const letterPoints: CrashPoint[] = [
  tailLost,
  ...bothWays((when) => dies(19, steps.claimOutbox, when)),
  ...bothWays((when) => dies(20, steps.markPublished, when)),
  brokerAway(21, 'hanging'),
  lateCommit,
  dies(24, steps.insertLetters, 'before'),
  // The letter is claimed in that statement, so this is also row 27 without anything sent.
  dies(25, steps.insertLetters, 'after'),
  ...bothWays((when) => hangs(26, steps.insertLetters, when)),
  ...bothWays((when) => dies(27, steps.contacts, when)),
  dies(27, steps.markCommitting, 'before'),
  dies(28, steps.markCommitting, 'after'),
  dies(28, steps.dot, 'before'),
  dies(28, steps.dot, 'after', { copies: 2 }),
  dies(28, steps.markSent, 'before', { copies: 2 }),
  dies(28, steps.markSent, 'after'),
  hangs(29, steps.markCommitting, 'before'),
  mailServer(30, 'answers 451', { at: 'dot', do: 'reply', reply: '451 4.3.0 later' }),
  mailServer(30, 'hangs at the dot', { at: 'dot', do: 'hang' }),
  mailServer(30, 'accepts and says nothing', { at: 'dot', do: 'accept-and-drop' }),
  mailServerAway,
  refusedForGood,
  profilesAway,
  hangs(34, steps.markPublished, 'before'),
  brokerAway(38, 'killed'),
];
