import assert from 'node:assert/strict';
import net from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { queryRows } from '#harness/database.ts';
import { eventually, WAIT_MS } from '#harness/eventually.ts';
import type { FaultProxy } from '#harness/faults/fault-proxy.ts';
import type { Row } from '#harness/oracle/stored-state.ts';
import type { Answer } from '#harness/requests.ts';
import { type Item, pieceAt } from '../load/basket.ts';
import { type Client, type Customer, FINAL } from '../load/client.ts';
import type { Replica } from '../system/replica.ts';
import { RECOVERY_AGE_MS, type SystemUnderTest } from '../system/system.ts';
import { type CrashStep, proxiesFor } from './crash-steps.ts';

/** One moment at which a process dies or hangs, and the required outcome. */
export interface CrashPoint {
  /** Row of the table in docs/reference/crash-points.md. */
  row: number;
  name: string;
  /** @throws Error that says what happened instead */
  run: (testBed: TestBed) => Promise<void>;
}

export type When = 'before' | 'after';

/** The order of a crash point. */
export interface PointOrder {
  key: string;
  items: Item[];
}

/** Where a trap was triggered. */
export interface TriggeredTrap {
  proxy: FaultProxy;
  replica: Replica;
}

/** Resolves once the step of a trap was taken. @throws Error when it is not within two minutes */
type Triggered = () => Promise<TriggeredTrap>;

const RICH = 1_000_000_000;

/** The tools of the crash points, and a customer with money. */
export class TestBed {
  readonly system: SystemUnderTest;
  readonly client: Client;
  readonly customer: Customer;
  readonly gateways: string[];
  readonly #outcomeMs: number;
  readonly #madeAt = new Map<string, number>();
  /** Each disarms one trap. */
  readonly #armed = new Set<() => void>();
  #turn = 0;

  private constructor(system: SystemUnderTest, client: Client, customer: Customer, ms: number) {
    this.system = system;
    this.client = client;
    this.customer = customer;
    this.gateways = system.gateways;
    this.#outcomeMs = ms;
  }

  /** @param outcomeMs how long an order's or a letter's end is awaited */
  static async create(
    system: SystemUnderTest,
    client: Client,
    outcomeMs = WAIT_MS,
  ): Promise<TestBed> {
    const account = { email: 'points@example.com', topUp: RICH };
    const customer = await client.register(system.gateways[0] as string, account);
    return new TestBed(system, client, customer, outcomeMs);
  }

  /** An order that was not requested yet. */
  newOrder(amount = 100): PointOrder {
    const key = `crash-point-${this.#madeAt.size + 1}`;
    this.#madeAt.set(key, performance.now());
    return { key, items: pieceAt(amount) };
  }

  /** One request, to the first gateway where no other is given. */
  ask(order: PointOrder, gateway = this.gateways[0] as string): Promise<Answer | undefined> {
    return this.client.order(gateway, this.customer, order);
  }

  /** Repeats the request until its answer is final. @returns that answer */
  untilFinal(order: PointOrder): Promise<Answer> {
    return eventually(
      `a final answer for ${order.key}`,
      async () => {
        const answer = await this.ask(order, this.gateways[this.#turn++ % this.gateways.length]);
        return FINAL.includes(answer?.status ?? 0) && answer;
      },
      this.#outcomeMs,
    );
  }

  /**
   * Repeats the request until its answer is final.
   * @returns false when recovery came first, as it may once the order is old enough
   * @throws Error when the answer has another status than these
   */
  async untilAnswered(order: PointOrder, ...expected: number[]): Promise<boolean> {
    const answer = await this.untilFinal(order);
    const ageMs = performance.now() - (this.#madeAt.get(order.key) as number);
    if (answer.status === 409 && ageMs > RECOVERY_AGE_MS) return expected.includes(409);
    assertStatus(answer, ...expected);
    return true;
  }

  /** Backdates a Pending order, so that recovery takes it at once. */
  async passAge({ key }: PointOrder): Promise<void> {
    await this.rows(
      'orders',
      `update orders set created_at = created_at - interval '1 hour'
       where idempotency_key = '${key}' and status = 'Pending'`,
    );
  }

  /** Waits until the order has ended without any request for it. @returns its row */
  untilEnded(order: PointOrder): Promise<Row> {
    const look = async () => {
      const row = await this.rowOf(order);
      return row?.status !== 'Pending' && row;
    };
    return eventually(`the end of ${order.key}`, look, this.#outcomeMs);
  }

  /** Waits until the order's letter is in this state. @returns its row */
  untilLetter(order: PointOrder, state: string, waitMs = this.#outcomeMs): Promise<Row> {
    const look = async () => {
      const row = await this.rowOf(order);
      const sql = `select * from letters where order_id = '${row?.id}'`;
      const [letter] = await this.rows('notifications', sql).catch(() => []);
      return letter?.state === state && letter;
    };
    return eventually(`a letter for ${order.key} in state ${state}`, look, waitMs);
  }

  /** Arms a trap on all ways by which the step may be taken; the first to take it triggers it. */
  trap(step: CrashStep, when: When, act: (hit: TriggeredTrap) => 'cut' | 'hold'): Triggered {
    const { promise, resolve } = Promise.withResolvers<TriggeredTrap>();
    const { pattern, answer } = step;
    let open = true;
    for (const hit of proxiesFor(this.system, step)) {
      const trigger = () => {
        if (!open) return 'cut';
        open = false;
        for (const disarm of this.#armed) disarm();
        resolve(hit);
        return act(hit);
      };
      this.#armed.add(hit.proxy.arm({ pattern, when, ...(answer && { answer }), trigger }));
    }
    return async () => {
      const late = pause(WAIT_MS, undefined, { ref: false }).then(() => {
        throw new Error(`the step "${step.name}" was never taken`);
      });
      return Promise.race([promise, late]);
    };
  }

  /** Kills the process that takes the step. */
  killAt(step: CrashStep, when: When): Triggered {
    return this.trap(step, when, ({ replica }) => {
      replica.kill();
      return 'cut';
    });
  }

  /** Sends the order's request into a trap. @throws Error when its answer has another status */
  async askInto(
    triggered: Triggered,
    order: PointOrder,
    ...expected: number[]
  ): Promise<TriggeredTrap> {
    const answer = this.ask(order);
    const hit = await triggered();
    assertStatus(await answer, ...expected);
    return hit;
  }

  rows(database: string, sql: string): Promise<Row[]> {
    return queryRows(this.system.databaseUrl(database), sql);
  }

  /** Undoes all harm: dead and suspended processes run again, proxies pass everything. */
  async heal(): Promise<void> {
    for (const disarm of this.#armed) disarm();
    this.#armed.clear();
    const { replicas } = this.system;
    for (const replica of replicas) {
      replica.resume();
      for (const proxy of replica.proxies) proxy.setMode('pass');
    }
    const dead = replicas.filter(({ state }) => state === 'dead');
    await Promise.all(dead.map((replica) => replica.revive()));
  }

  /** The row of an order that is stored. */
  async rowOf({ key }: PointOrder): Promise<Row | undefined> {
    const sql = `select * from orders where idempotency_key = '${key}'`;
    return (await this.rows('orders', sql).catch(() => []))[0];
  }
}

/** Places the order whose event or letter is harmed: its answer never waits for those (I7). */
export async function placeOrder(testBed: TestBed): Promise<PointOrder> {
  const order = testBed.newOrder();
  await testBed.untilAnswered(order, 201);
  return order;
}

/** @throws Error when the answer has another status; 0 is none */
export function assertStatus(answer: Answer | undefined, ...expected: number[]): void {
  const status = answer?.status ?? 0;
  assert.ok(expected.includes(status), `answered ${status}, not ${expected.join(' or ')}`);
}

/** Sends an order's request by hand and ends the connection at this moment. */
export async function askAndHangUp(
  testBed: TestBed,
  order: PointOrder,
  hangUp: 'in the middle' | 'at once' | 'at the answer',
): Promise<void> {
  const { gateways, customer } = testBed;
  const url = new URL(gateways[0] as string);
  const body = JSON.stringify({ items: order.items });
  const request =
    `POST /v1/orders HTTP/1.1\r\nHost: ${url.host}\r\nAuthorization: Bearer ${customer.token}\r\n` +
    `Idempotency-Key: ${order.key}\r\nContent-Type: application/json\r\n` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const sent = hangUp === 'in the middle' ? request.slice(0, -20) : request;
  const socket = net.connect(Number(url.port), url.hostname);
  const closed = new Promise((resolve) => socket.on('close', resolve));
  // Only the final status counts.
  socket.on('error', () => {});
  socket.on('data', () => socket.destroy());
  socket.write(sent, () => {
    if (hangUp !== 'at the answer') socket.destroy();
  });
  await closed;
}

/** The point with its step cut off before it happens, and after. */
export const bothWays = (point: (when: When) => CrashPoint): CrashPoint[] => [
  point('before'),
  point('after'),
];
