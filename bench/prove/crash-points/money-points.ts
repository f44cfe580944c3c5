import assert from 'node:assert/strict';
import { eventually } from '#harness/eventually.ts';
import { passLeases } from '#harness/oracle/oracle.ts';
import { type CrashStep, steps } from './crash-steps.ts';
import {
  askAndHangUp,
  assertStatus,
  bothWays,
  type CrashPoint,
  type PointOrder,
  type TestBed,
  type TriggeredTrap,
  type When,
} from './test-bed.ts';

const DEAR = 2_000_000_000;

/** How the order of a crash point must end. */
interface Expected {
  /** Possible statuses of the request in which the crash happens; 0 means no answer. */
  first: number[];
  /** After repeating the request; absent: it is not repeated, and recovery must end the order. */
  repeated?: number[];
  /** Status and reason of the order in the end. */
  end: 'Paid null' | 'Cancelled voided' | 'Cancelled insufficient-funds';
  amount?: number;
}

const PAID: Expected = { first: [0], repeated: [201], end: 'Paid null' };
/** A retry hides the crash: mostly the gateway's, on the other replica, or else the client's. */
const HIDDEN: Expected = { ...PAID, first: [201, 202, 503] };

/** Performs an action at a step in the middle of a request. */
function at(
  row: number,
  who: string,
  step: CrashStep,
  when: When,
  act: (hit: TriggeredTrap, testBed: TestBed) => void,
  expected: Expected,
): CrashPoint {
  const dear = expected.amount === DEAR ? ', too dear' : '';
  const alone = expected.repeated === undefined ? ', no retry' : '';
  return {
    row,
    name: `${who} ${when} "${step.name}"${dear}${alone}`,
    async run(testBed) {
      const order = testBed.newOrder(expected.amount);
      const triggered = testBed.trap(step, when, (hit) => {
        act(hit, testBed);
        return 'cut';
      });
      await testBed.askInto(triggered, order, ...expected.first);
      if (expected.repeated === undefined) await testBed.passAge(order);
      else if (!(await testBed.untilAnswered(order, ...expected.repeated))) return;
      await assertEnd(testBed, order, expected.end);
    },
  };
}

async function assertEnd(testBed: TestBed, order: PointOrder, end: Expected['end']): Promise<void> {
  const row = await testBed.untilEnded(order);
  assert.equal(`${row.status} ${row.status_reason}`, end);
}

const killed = ({ replica }: TriggeredTrap) => replica.kill();
const cutOff = () => {};
const databaseKilled = (_: TriggeredTrap, { system }: TestBed) => {
  system.postgres.kill();
};

const gatewayDies = (row: number, step: CrashStep, when: When, expected: Expected) =>
  at(row, 'gateway dies', step, when, killed, expected);

/** A request or its answer is held; the gateway dies, or hangs and resumes later. */
function requestHeld(row: number, when: When, who: 'gateway' | 'request'): CrashPoint {
  const what = who === 'gateway' ? 'gateway hangs' : 'gateway dies, its request goes on';
  return {
    row,
    name: `${what} ${when} "${steps.pay.name}"`,
    async run(testBed) {
      const order = testBed.newOrder();
      const triggered = testBed.trap(steps.pay, when, ({ replica }) => {
        if (who === 'gateway') replica.suspend();
        else replica.kill();
        return 'hold';
      });
      const first = testBed.ask(order);
      const { replica, proxy } = await triggered();
      // Recovery in the other gateway must end the order before this gateway continues.
      await testBed.passAge(order);
      await assertEnd(testBed, order, when === 'before' ? 'Cancelled voided' : 'Paid null');
      proxy.release();
      replica.resume();
      if (who === 'request') {
        await eventually('the late request to be answered', async () => proxy.connections === 0);
      }
      const final = when === 'before' ? 409 : 201;
      // A gateway that hung past the deadline of the order answers 202.
      assertStatus(await first, 0, 202, final);
      if (who === 'request') await replica.revive();
      assertStatus(await testBed.untilFinal(order), final);
    },
  };
}

/** A decline is final: the same payment, delivered again after a top-up, changes nothing. */
const paidLateAfterDecline: CrashPoint = {
  row: 5,
  name: 'a declined payment is delivered again after a top-up',
  async run(testBed) {
    const { client, gateways, system } = testBed;
    const gateway = gateways[0] as string;
    const poor = await client.register(gateway, { email: 'poor@example.com' });
    const order = testBed.newOrder(500);
    const toBilling = system.replicas
      .filter(({ service }) => service === 'gateway')
      .flatMap(({ proxies }) => proxies.filter(({ callee }) => callee === 'billing'));
    const { promise: again, resolve: topUpDone } = Promise.withResolvers<void>();
    const disarms = toBilling.map((proxy) =>
      proxy.arm({
        pattern: steps.pay.pattern,
        when: 'before',
        trigger: () => {
          proxy.repeatRequests(1, () => again);
          return 'pass';
        },
      }),
    );
    assertStatus(await client.order(gateway, poor, order), 406);
    for (const disarm of disarms) disarm();
    await client.topUp(gateway, poor, { key: 'enough', amount: 1_000 });
    topUpDone();
    await eventually('the repeated payment', async () =>
      toBilling.some(({ repeated }) => repeated > 0),
    );
    assertStatus(await client.order(gateway, poor, order), 406);
  },
};

/** A top-up whose answer is lost, and that is sent again with its key. */
const topUpAgain = (when: When): CrashPoint => ({
  row: 14,
  name: `billing's answer is lost ${when} "${steps.topUp.name}"`,
  async run(testBed) {
    const { client, customer, gateways } = testBed;
    const order = { key: `top-up-${when}`, amount: 100 };
    const triggered = testBed.trap(steps.topUp, when, () => 'cut');
    const first = client.topUp(gateways[0] as string, customer, order);
    await triggered();
    assertStatus(await first, 201);
    assertStatus(await client.topUp(gateways[0] as string, customer, order), 201);
  },
});

/** Recovery dies between its two steps, and another round ends the order. */
function recoveryDies(step: CrashStep, when: When): CrashPoint {
  return {
    row: 18,
    name: `recovery dies ${when} "${step.name}"`,
    async run(testBed) {
      const order = testBed.newOrder();
      const first = testBed.killAt(steps.create, 'after');
      await testBed.ask(order);
      const { replica } = await first();
      const second = testBed.killAt(step, when);
      await testBed.passAge(order);
      const died = await second();
      await Promise.all([replica.revive(), died.replica.revive()]);
      // The dead one's claim, which would keep the others from the order for some seconds.
      await passLeases(testBed.system);
      await assertEnd(testBed, order, 'Cancelled voided');
      assertStatus(await testBed.untilFinal(order), 409);
    },
  };
}

function clientHangsUp(
  row: number,
  hangUp: 'in the middle' | 'at once' | 'at the answer',
): CrashPoint {
  return {
    row,
    name: `client hangs up ${hangUp}`,
    async run(testBed) {
      const order = testBed.newOrder();
      await askAndHangUp(testBed, order, hangUp);
      // A request that was never whole is none.
      if (hangUp !== 'in the middle') await assertEnd(testBed, order, 'Paid null');
      await testBed.untilAnswered(order, 201);
    },
  };
}

/** The database takes the step and does not answer, connections open. */
function databaseHangs(step: CrashStep, when: When): CrashPoint {
  return {
    row: 17,
    name: `database hangs ${when} "${step.name}"`,
    async run(testBed) {
      const order = testBed.newOrder();
      const triggered = testBed.trap(step, when, ({ proxy }) => {
        proxy.setMode('black-hole');
        return 'hold';
      });
      const { proxy } = await testBed.askInto(triggered, order, 201, 202, 503);
      proxy.setMode('pass');
      await testBed.untilAnswered(order, 201);
    },
  };
}

function replicaHangs(service: string): CrashPoint {
  return {
    row: 37,
    name: `one of two of ${service} hangs`,
    async run(testBed) {
      const replica = testBed.system.replicas.find((each) => each.service === service);
      replica?.suspend();
      // Both replicas are asked in turn.
      for (let each = 0; each < 2; each++) {
        assertStatus(await testBed.ask(testBed.newOrder()), 201, 202);
      }
    },
  };
}

/** Rows 1 to 18 and 37: the order, from the request to its end. */
export const moneyPoints: CrashPoint[] = [
  clientHangsUp(1, 'in the middle'),
  clientHangsUp(1, 'at once'),
  clientHangsUp(2, 'at the answer'),
  gatewayDies(3, steps.create, 'before', PAID),
  gatewayDies(4, steps.create, 'after', PAID),
  gatewayDies(4, steps.create, 'after', { first: [0], end: 'Cancelled voided' }),
  gatewayDies(5, steps.pay, 'before', { first: [0], end: 'Cancelled voided' }),
  gatewayDies(5, steps.pay, 'after', { first: [0], end: 'Paid null' }),
  requestHeld(5, 'before', 'request'),
  paidLateAfterDecline,
  gatewayDies(6, steps.record, 'before', PAID),
  gatewayDies(6, steps.record, 'before', {
    first: [0],
    repeated: [406],
    end: 'Cancelled insufficient-funds',
    amount: DEAR,
  }),
  gatewayDies(7, steps.record, 'after', PAID),
  ...bothWays((when) => requestHeld(8, when, 'gateway')),
  at(9, 'orders dies', steps.insertOrder, 'before', killed, HIDDEN),
  at(10, 'orders dies', steps.insertOrder, 'after', killed, HIDDEN),
  at(11, 'orders dies', steps.settleOrder, 'before', killed, HIDDEN),
  at(12, 'orders dies', steps.settleOrder, 'after', killed, HIDDEN),
  at(13, 'billing dies', steps.commitDecision, 'before', killed, HIDDEN),
  at(14, 'billing dies', steps.commitDecision, 'after', killed, HIDDEN),
  ...bothWays(topUpAgain),
  ...[steps.insertOrder, steps.commitDecision, steps.settleOrder].map((step) =>
    at(15, 'connection to the database ends', step, 'after', cutOff, HIDDEN),
  ),
  ...bothWays((when) =>
    at(16, 'PostgreSQL dies', steps.commitDecision, when, databaseKilled, HIDDEN),
  ),
  ...bothWays((when) => at(16, 'PostgreSQL dies', steps.settleOrder, when, databaseKilled, HIDDEN)),
  ...bothWays((when) => databaseHangs(steps.commitDecision, when)),
  ...bothWays((when) => recoveryDies(steps.void, when)),
  replicaHangs('orders'),
  replicaHangs('billing'),
];
