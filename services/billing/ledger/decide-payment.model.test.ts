import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  CUSTOMERS,
  commands,
  KINDS_OF_ANSWERS,
  type Told,
  wishes,
} from '#harness/model/payment-commands.ts';
import { emptyLedger } from '#harness/model/payment-model.ts';
import {
  assertTables,
  CURRENCY,
  emptyTables,
  startPaymentTestBed,
} from '#harness/model/payment-test-bed.ts';
import { decidedOf } from '#harness/system/billing.ts';
import { decide } from './decide-payment.ts';
import type { PaymentRow } from './payment-store.ts';
import type { WalletRow } from './store.ts';

// A failure prints the shortest calls that show it, and what brings them back: the seed, and for the
// calls of the first test the path and the replay path, all three together:
//   FC_SEED=… FC_PATH=… FC_REPLAY_PATH=… npm test -- services/billing/ledger/decide-payment.model.test.ts
// The order in which the database takes calls of a race is its own: repeat those a few times.
const { FC_SEED, FC_PATH, FC_REPLAY_PATH } = process.env;
const seed = FC_SEED === undefined ? randomInt(2 ** 31) : Number(FC_SEED);

// About ten seconds on two processors.
const RUNS = 180;
const COMMANDS_MAX = 25;
// Less than a second.
const BATCHES = 2_000;

test('I1, I2, I4: billing answers and stores as the model does for any calls, single, concurrent or cut off', async (t) => {
  // Printed even when the test passes, since the next run has another seed.
  t.diagnostic(`FC_SEED=${seed}`);
  const testBed = await startPaymentTestBed(t);
  const met: Told['met'] = new Map();
  const runs = fc.commands(commands, {
    maxCommands: COMMANDS_MAX,
    size: 'max',
    ...(FC_REPLAY_PATH !== undefined && { replayPath: FC_REPLAY_PATH }),
  });
  await fc.assert(
    fc.asyncProperty(runs, async (run) => {
      await emptyTables(testBed);
      const told: Told = { ledger: emptyLedger(), met };
      await fc.asyncModelRun(() => ({ model: told, real: testBed }), run);
      await assertTables(testBed, told.ledger);
    }),
    { numRuns: RUNS, seed, ...(FC_PATH !== undefined && { path: FC_PATH, endOnFailure: true }) },
  );
  t.diagnostic(`met ${[...met].map(([kind, times]) => `${kind}: ${times}`).join(', ')}`);
  t.diagnostic(`transactions that met in one row or in a circle: ${testBed.collisions}`);
  const missed = KINDS_OF_ANSWERS.filter((kind) => !met.has(kind));
  // A path leads to one run only.
  if (FC_PATH === undefined) assert.deepEqual(missed, []);
});

test('deciding a batch is deciding its wishes one by one', () => {
  fc.assert(
    fc.property(standings, wishes, (standing, batch) => {
      const together = decide(batch, standing.wallets, standing.payments);
      let now = standing;
      const singly = batch.map((wish) => {
        const outcome = decide([wish], now.wallets, now.payments);
        now = after(now, outcome);
        return outcome;
      });
      assert.deepEqual(
        withoutLots(together),
        withoutLots({
          decided: singly.flatMap(({ decided }) => decided),
          payments: singly.flatMap(({ payments }) => payments),
          operations: singly.flatMap(({ operations }) => operations),
        }),
      );
      assert.deepEqual(after(standing, together).wallets, now.wallets);
    }),
    { numRuns: BATCHES, seed },
  );
});

test('a batch moves the same money without the orders that it refuses', () => {
  fc.assert(
    fc.property(standings, wishes, (standing, batch) => {
      const all = decide(batch, standing.wallets, standing.payments);
      const refused = all.payments
        .filter(({ decision }) => decision !== 'captured')
        .map(({ orderId }) => orderId);
      const charging = batch.filter(({ orderId }) => !refused.includes(orderId));
      const less = decide(charging, standing.wallets, standing.payments);
      assert.deepEqual(withoutLots(less).operations, withoutLots(all).operations);
      assert.deepEqual(less.wallets, all.wallets);
    }),
    { numRuns: BATCHES, seed },
  );
});

/** The state of billing before a batch. */
interface Standing {
  wallets: Map<string, WalletRow>;
  payments: PaymentRow[];
}

type Outcome = ReturnType<typeof decide>;

const BALANCE_MAX = 25;
const wallet = fc.record({
  balance: fc.nat(BALANCE_MAX),
  operationCount: fc.nat(3),
});
/** Some orders are decided already. */
const standings: fc.Arbitrary<Standing> = fc
  .tuple(fc.tuple(...CUSTOMERS.map(() => wallet)), fc.option(wishes, { nil: [] }))
  .map(([rows, earlier]) => {
    const wallets = new Map(
      rows.map((row, i) => {
        const customerId = CUSTOMERS[i] as string;
        return [customerId, { customerId, currency: CURRENCY, ...row }];
      }),
    );
    const empty = { wallets, payments: [] };
    return after(empty, decide(earlier, wallets, []));
  });

function after({ wallets, payments }: Standing, outcome: Outcome): Standing {
  const changed = outcome.wallets.map((row) => [row.customerId, row] as const);
  return {
    wallets: new Map([...wallets, ...changed]),
    payments: [...payments, ...outcome.payments],
  };
}

/** The ids of operations are drawn by lot: their places in the wallets say the same. */
function withoutLots(outcome: Omit<Outcome, 'wallets'>) {
  const places = new Map(
    outcome.operations.map(({ id, customerId, number }) => [id, `${customerId} ${number}`]),
  );
  const placed = (payment: PaymentRow) => ({
    ...payment,
    operationId: places.get(payment.operationId ?? '') ?? payment.operationId,
  });
  return {
    decided: decidedOf(outcome.decided).map(({ payment, fresh }) => ({
      payment: placed(payment),
      fresh,
    })),
    payments: outcome.payments.map(placed),
    operations: outcome.operations.map(({ id: _, ...operation }) => operation),
  };
}
