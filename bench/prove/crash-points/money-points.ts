import assert from 'node:assert/strict';
import { passLeases } from '#harness/books/books.ts';
import { eventually } from '../common/waiting.ts';
import { type CrashStep, steps } from './crash-steps.ts';
import {
  type Asked,
  askAndHangUp,
  assertStatus,
  type Bench,
  type CrashPoint,
  type Spot,
} from './test-bed.ts';

const DEAR = 2_000_000_000;

type When = 'before' | 'after';

/** What a point's order must come to. */
interface Expected {
  /** Of the request in which it happens; 0: none came. */
  first: number[];
  /** After repeating the request; absent: nobody repeats it, and recovery must end it. */
  repeated?: number[];
  /** Status and reason of the order in the end. */
  end: 'Paid null' | 'Cancelled voided' | 'Cancelled insufficient-funds';
  amount?: number;
}

const PAID: Expected = { first: [0], repeated: [201], end: 'Paid null' };
/** The gateway's repetition hides it, mostly on the other replica; or the client's own does. */
const HIDDEN: Expected = { ...PAID, first: [201, 202, 503] };

/** Something is done at a step in the middle of a request. */
function at(
  row: number,
  who: string,
  step: CrashStep,
  when: When,
  act: (spot: Spot, bench: Bench) => void,
  expected: Expected,
): CrashPoint {
  const dear = expected.amount === DEAR ? ', too dear' : '';
  const alone = expected.repeated === undefined ? ', nobody asks again' : '';
  return {
    row,
    name: `${who} ${when} "${step.name}"${dear}${alone}`,
    async run(bench) {
      const asked = bench.newOrder(expected.amount);
      const trap = bench.trap(step, when, (spot) => {
        act(spot, bench);
        return 'end';
      });
      const first = bench.ask(asked);
      await trap.sprung();
      assertStatus(await first, ...expected.first);
      if (expected.repeated === undefined) await bench.passAge(asked);
      else if (!(await bench.untilAnswered(asked, ...expected.repeated))) return;
      await assertEnd(bench, asked, expected.end);
    },
  };
}

async function assertEnd(bench: Bench, asked: Asked, end: Expected['end']): Promise<void> {
  const row = await bench.untilEnded(asked);
  assert.equal(`${row.status} ${row.status_reason}`, end);
}

const killed = ({ replica }: Spot) => replica.kill();
const cutOff = () => {};
const databaseKilled = (_: Spot, { place }: Bench) => {
  place.postgres.kill();
};

const bothWays = (point: (when: When) => CrashPoint): CrashPoint[] => [
  point('before'),
  point('after'),
];

const gatewayDies = (row: number, step: CrashStep, when: When, expected: Expected) =>
  at(row, 'gateway dies', step, when, killed, expected);

/** A request stands still on its way, or its answer does; what holds it up dies or wakes later. */
function standsStill(row: number, when: When, who: 'gateway' | 'request'): CrashPoint {
  const what = who === 'gateway' ? 'gateway stands still' : 'gateway dies, its request goes on';
  return {
    row,
    name: `${what} ${when} "${steps.pay.name}"`,
    async run(bench) {
      const asked = bench.newOrder();
      const trap = bench.trap(steps.pay, when, ({ replica }) => {
        if (who === 'gateway') replica.freeze();
        else replica.kill();
        return 'hold';
      });
      const first = bench.ask(asked);
      const { replica, link } = await trap.sprung();
      // The other gateway's recovery must have ended it before this one goes on.
      await bench.passAge(asked);
      const row = await bench.untilEnded(asked);
      const end = when === 'before' ? 'Cancelled voided' : 'Paid null';
      assert.equal(`${row.status} ${row.status_reason}`, end);
      link.release();
      replica.thaw();
      if (who === 'request') {
        await eventually('the late request to be answered', async () => link.connections === 0);
      }
      const final = when === 'before' ? 409 : 201;
      // One that stood still for longer than its budget says so: 202.
      assertStatus(await first, 0, 202, final);
      if (who === 'request') await replica.revive();
      assertStatus(await bench.untilFinal(asked), final);
    },
  };
}

/** A decline is for ever: the same payment, delivered again after a top-up, changes nothing. */
const paidLateAfterDecline: CrashPoint = {
  row: 5,
  name: 'a declined payment is delivered again after a top-up',
  async run(bench) {
    const { client, gateways, place } = bench;
    const gateway = gateways[0] as string;
    const poor = await client.register(gateway, { email: 'poor@example.com' });
    const asked = bench.newOrder(500);
    const toBilling = place.replicas
      .filter(({ service }) => service === 'gateway')
      .flatMap(({ links }) => links.filter(({ callee }) => callee === 'billing'));
    const { promise: again, resolve: topUpDone } = Promise.withResolvers<void>();
    const taken = toBilling.map((link) =>
      link.arm({
        ...{ pattern: steps.pay.pattern, when: 'before' },
        spring: () => {
          link.repeatRequests(1, () => again);
          return 'pass';
        },
      }),
    );
    assertStatus(await client.order(gateway, poor, asked), 406);
    for (const take of taken) take();
    await client.topUp(gateway, poor, { key: 'enough', amount: 1_000 });
    topUpDone();
    await eventually('the repeated payment', async () =>
      toBilling.some(({ repeated }) => repeated > 0),
    );
    assertStatus(await client.order(gateway, poor, asked), 406);
  },
};

/** A top-up whose answer is lost, and that is asked for again with its key. */
const topUpAgain = (when: When): CrashPoint => ({
  row: 14,
  name: `billing's answer is lost ${when} "${steps.topUp.name}"`,
  async run(bench) {
    const { client, customer, gateways } = bench;
    const asked = { key: `top-up-${when}`, amount: 100 };
    const trap = bench.trap(steps.topUp, when, () => 'end');
    const first = client.topUp(gateways[0] as string, customer, asked);
    await trap.sprung();
    assertStatus(await first, 201);
    assertStatus(await client.topUp(gateways[0] as string, customer, asked), 201);
  },
});

/** Recovery dies between its two steps, and another round ends the order. */
function recoveryDies(step: CrashStep, when: When): CrashPoint {
  return {
    row: 18,
    name: `recovery dies ${when} "${step.name}"`,
    async run(bench) {
      const asked = bench.newOrder();
      const first = bench.killAt(steps.create, 'after');
      await bench.ask(asked);
      const { replica } = await first.sprung();
      const second = bench.killAt(step, when);
      await bench.passAge(asked);
      const died = await second.sprung();
      await Promise.all([replica.revive(), died.replica.revive()]);
      // The dead one's claim, which would keep the others from the order for some seconds.
      await passLeases(bench.place);
      await assertEnd(bench, asked, 'Cancelled voided');
      assertStatus(await bench.untilFinal(asked), 409);
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
    async run(bench) {
      const asked = bench.newOrder();
      await askAndHangUp(bench, asked, hangUp);
      // A request that was never whole is none.
      if (hangUp !== 'in the middle') await assertEnd(bench, asked, 'Paid null');
      await bench.untilAnswered(asked, 201);
    },
  };
}

/** The database takes the step and says no more, connections open. */
function databaseStandsStill(step: CrashStep, when: When): CrashPoint {
  return {
    row: 17,
    name: `database stands still ${when} "${step.name}"`,
    async run(bench) {
      const asked = bench.newOrder();
      const trap = bench.trap(step, when, ({ link }) => {
        link.setMode('black-hole');
        return 'hold';
      });
      const first = bench.ask(asked);
      const { link } = await trap.sprung();
      assertStatus(await first, 201, 202, 503);
      link.setMode('open');
      await bench.untilAnswered(asked, 201);
    },
  };
}

function replicaHangs(service: string): CrashPoint {
  return {
    row: 37,
    name: `one of two of ${service} hangs`,
    async run(bench) {
      const replica = bench.place.replicas.find((each) => each.service === service);
      replica?.freeze();
      // Both are asked in turn.
      for (let each = 0; each < 2; each++) {
        assertStatus(await bench.ask(bench.newOrder()), 201, 202);
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
  standsStill(5, 'before', 'request'),
  paidLateAfterDecline,
  gatewayDies(6, steps.record, 'before', PAID),
  gatewayDies(6, steps.record, 'before', {
    ...{ first: [0], repeated: [406], end: 'Cancelled insufficient-funds', amount: DEAR },
  }),
  gatewayDies(7, steps.record, 'after', PAID),
  standsStill(8, 'before', 'gateway'),
  standsStill(8, 'after', 'gateway'),
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
  ...bothWays((when) => databaseStandsStill(steps.commitDecision, when)),
  recoveryDies(steps.void, 'before'),
  recoveryDies(steps.void, 'after'),
  replicaHangs('orders'),
  replicaHangs('billing'),
];
