import assert from 'node:assert/strict';
import net from 'node:net';
import type { Row } from '#harness/books/breaches.ts';
import { queryRows } from '#harness/database.ts';
import type { Link } from '#harness/faults/tcp-link.ts';
import type { Answer } from '#harness/requests.ts';
import { eventually, PATIENCE_MS } from '../common/waiting.ts';
import { type Item, pieceAt } from '../load/basket.ts';
import { type Client, type Customer, FINAL } from '../load/client.ts';
import type { Replica } from '../system/replica.ts';
import { type Place, RECOVERY_AGE_MS } from '../system/system.ts';
import { type CrashStep, linksFor } from './crash-steps.ts';

/** One moment at which something dies or stands still, and what must come of it. */
export interface CrashPoint {
  /** Row of the table in docs/reference/crash-points.md. */
  row: number;
  name: string;
  /** @throws Error that says what came otherwise */
  run: (testBed: TestBed) => Promise<void>;
}

/** An order of a crash point. */
export interface Asked {
  key: string;
  items: Item[];
}

/** Where a trap was triggered. */
export interface TriggeredTrap {
  link: Link;
  replica: Replica;
}

/** What the crash points have at hand. */
export interface TestBed {
  place: Place;
  client: Client;
  customer: Customer;
  gateways: string[];
  /** An order that nobody asked for yet. */
  newOrder(amount?: number): Asked;
  /** One request, to the first gateway unless told. */
  ask(asked: Asked, gateway?: string): Promise<Answer | undefined>;
  /** Repeats the request until its answer is final. @returns that answer */
  untilFinal(asked: Asked): Promise<Answer>;
  /**
   * Repeats the request until its answer is final.
   * @returns false when recovery came first, as it may once the order is old enough
   * @throws Error when the answer has another status than these
   */
  untilAnswered(asked: Asked, ...expected: number[]): Promise<boolean>;
  /** Makes a Pending order as old as recovery wants it, as if that time had gone by. */
  passAge(asked: Asked): Promise<void>;
  /** Waits until the order has ended without any request for it. @returns its row */
  untilEnded(asked: Asked): Promise<Row>;
  /** Waits until the order's letter is in this state. @returns its row */
  untilLetter(asked: Asked, state: string, waitMs?: number): Promise<Row>;
  /** Sets a trap on all ways by which the step may be taken; the first to take it springs it. */
  trap(
    step: CrashStep,
    when: 'before' | 'after',
    act: (spot: TriggeredTrap) => 'end' | 'hold',
  ): Sprung;
  /** Whoever takes the step is killed there. */
  killAt(step: CrashStep, when: 'before' | 'after'): Sprung;
  rows(database: string, sql: string): Promise<Row[]>;
  /** Revives, thaws and opens whatever is not as it should be. */
  heal(): Promise<void>;
}

export interface Sprung {
  /** Resolves once the step was taken. @throws Error when it is not within some seconds */
  triggered(): Promise<TriggeredTrap>;
}

const RICH = 1_000_000_000;

/**
 * A customer with money, and the tools.
 * @param outcomeMs how long an order's or a letter's end is awaited
 */
export async function createBench(
  place: Place,
  client: Client,
  outcomeMs = PATIENCE_MS,
): Promise<TestBed> {
  const { gateways, replicas } = place;
  const gateway = gateways[0] as string;
  const customer = await client.register(gateway, { email: 'points@example.com', topUp: RICH });
  let asked = 0;
  let turn = 0;
  const madeAt = new Map<string, number>();
  const taken = new Set<() => void>();
  const rows = (database: string, sql: string) => queryRows(place.databaseUrl(database), sql);
  const orderSql = ({ key }: Asked) => `select * from orders where idempotency_key = '${key}'`;

  const testBed: TestBed = {
    place,
    client,
    customer,
    gateways,
    rows,
    newOrder(amount = 100) {
      asked += 1;
      const key = `crash-point-${asked}`;
      madeAt.set(key, performance.now());
      return { key, items: pieceAt(amount) };
    },
    ask: (order, to = gateway) => client.order(to, customer, order),
    untilFinal: (order) =>
      eventually(
        `a final answer for ${order.key}`,
        async () => {
          const answer = await client.order(
            gateways[turn++ % gateways.length] as string,
            customer,
            order,
          );
          return FINAL.includes(answer?.status ?? 0) && answer;
        },
        outcomeMs,
      ),
    async untilAnswered(order, ...expected) {
      const answer = await testBed.untilFinal(order);
      const ageMs = performance.now() - (madeAt.get(order.key) as number);
      if (answer.status === 409 && ageMs > RECOVERY_AGE_MS) return expected.includes(409);
      assertStatus(answer, ...expected);
      return true;
    },
    async passAge({ key }) {
      await rows(
        'orders',
        `update orders set created_at = created_at - interval '1 hour'
         where idempotency_key = '${key}' and status = 'Pending'`,
      );
    },
    untilEnded: (order) =>
      eventually(
        `the end of ${order.key}`,
        async () => {
          const [row] = await rows('orders', orderSql(order)).catch(() => []);
          return row?.status !== 'Pending' && row;
        },
        outcomeMs,
      ),
    untilLetter: (order, state, waitMs = outcomeMs) =>
      eventually(
        `a letter for ${order.key} in state ${state}`,
        async () => {
          const [row] = await rows('orders', orderSql(order)).catch(() => []);
          const [letter] = await rows(
            'notifications',
            `select * from letters where order_id = '${row?.id}'`,
          ).catch(() => []);
          return letter?.state === state && letter;
        },
        waitMs,
      ),
    trap(step, when, act) {
      const { promise, resolve } = Promise.withResolvers<TriggeredTrap>();
      let open = true;
      for (const spot of linksFor(place, step)) {
        const take = spot.link.arm({
          pattern: step.pattern,
          when,
          ...(step.answer && { answer: step.answer }),
          trigger() {
            if (!open) return 'end';
            open = false;
            for (const each of taken) each();
            resolve(spot);
            return act(spot);
          },
        });
        taken.add(take);
      }
      return {
        async triggered() {
          const timer = AbortSignal.timeout(PATIENCE_MS);
          const late = new Promise<never>((_, reject) => {
            timer.onabort = () => reject(new Error(`nobody came to the step "${step.name}"`));
          });
          return Promise.race([promise, late]);
        },
      };
    },
    killAt(step, when) {
      return testBed.trap(step, when, ({ replica }) => {
        replica.kill();
        return 'end';
      });
    },
    async heal() {
      for (const take of taken) take();
      taken.clear();
      for (const replica of replicas) {
        replica.resume();
        for (const link of replica.links) {
          link.setMode('open');
          link.release();
        }
      }
      await Promise.all(
        replicas.filter(({ state }) => state === 'dead').map((replica) => replica.revive()),
      );
    },
  };
  return testBed;
}

/** @throws Error when the answer has another status; 0 is none */
export function assertStatus(answer: Answer | undefined, ...expected: number[]): void {
  const status = answer?.status ?? 0;
  assert.ok(expected.includes(status), `answered ${status}, not ${expected.join(' or ')}`);
}

/** Sends an order's request by hand and ends the connection as told. */
export async function askAndHangUp(
  testBed: TestBed,
  asked: Asked,
  hangUp: 'in the middle' | 'at once' | 'at the answer',
): Promise<void> {
  const { gateways, customer } = testBed;
  const url = new URL(gateways[0] as string);
  const body = JSON.stringify({ items: asked.items });
  const request =
    `POST /v1/orders HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${customer.token}\r\n` +
    `Idempotency-Key: ${asked.key}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const sent = hangUp === 'in the middle' ? request.slice(0, -20) : request;
  const socket = net.connect(Number(url.port), url.hostname);
  const { promise, resolve } = Promise.withResolvers<void>();
  socket.on('error', () => resolve());
  socket.on('close', () => resolve());
  socket.on('data', () => socket.destroy());
  socket.write(sent, () => {
    if (hangUp !== 'at the answer') socket.destroy();
  });
  await promise;
}
