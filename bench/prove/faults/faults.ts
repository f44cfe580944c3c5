import { setTimeout as pause } from 'node:timers/promises';
import { queryRows } from '#harness/database.ts';
import { retry } from '#harness/eventually.ts';
import type { FaultProxy } from '#harness/faults/fault-proxy.ts';
import type { Row } from '#harness/oracle/stored-state.ts';
import type { Random } from '#harness/random.ts';
import { type CrashStep, crashSteps, proxiesFor } from '../crash-points/crash-steps.ts';
import type { Replica } from '../system/replica.ts';
import type { SystemUnderTest } from '../system/system.ts';

/** One kind of harm. */
export interface Fault {
  kind: string;
  /** Relative frequency among all faults. */
  weight: number;
  /** Minimum time between two faults of this kind, so that slow parts can recover. */
  apartMs?: number;
  /**
   * Does harm now.
   * @returns null if there was nothing to harm; otherwise the function that ends the harm
   */
  strike: (system: SystemUnderTest, random: Random) => Promise<null | Harm>;
}

interface Harm {
  heal: () => unknown;
  afterMs: number;
}

/** For harm that is over by itself. */
export const OVER = { heal: () => {}, afterMs: 0 };

/** All kinds of harm. */
export const faults: Fault[] = [
  {
    kind: 'service killed',
    weight: 14,
    async strike(system, random) {
      const replica = runningOf(system, random);
      if (replica === null) return null;
      replica.kill();
      return { heal: () => replica.revive(), afterMs: random.between(0, 500) };
    },
  },
  {
    kind: 'service suspended',
    weight: 7,
    async strike(system, random) {
      const replica = runningOf(system, random);
      if (replica === null) return null;
      replica.suspend();
      // Some suspensions outlast every timeout and the age at which recovery takes an order.
      const afterMs = random.chance(0.2) ? 6_500 : random.between(300, 3_500);
      return { heal: () => replica.resume(), afterMs };
    },
  },
  {
    kind: 'database connections ended',
    weight: 30,
    async strike(system) {
      const ended = await backendsOf(
        system,
        `select pg_terminate_backend(pid) from (
           select pid from pg_stat_activity
           where datname in ('orders', 'billing', 'notifications', 'profiles', 'broker')
           order by state = 'active' desc, random() limit 2) as victims`,
      );
      return ended.length > 0 ? OVER : null;
    },
  },
  {
    kind: 'database connection suspended',
    weight: 8,
    async strike(system, random) {
      const [{ pid } = {}] = await backendsOf(
        system,
        `select pid from pg_stat_activity
         where datname in ('orders', 'billing', 'notifications') and backend_type = 'client backend'
         order by state = 'active' desc, random() limit 1`,
      );
      if (!signal(pid, 'SIGSTOP')) return null;
      return { heal: () => signal(pid, 'SIGCONT'), afterMs: random.between(50, 400) };
    },
  },
  {
    // PostgreSQL then ends all the others and recovers, as after a crash.
    kind: 'database process killed',
    weight: 2,
    apartMs: 15_000,
    async strike(system) {
      const [{ pid } = {}] = await backendsOf(
        system,
        `select pid from pg_stat_activity
         where datname = 'billing' and backend_type = 'client backend' order by random() limit 1`,
      );
      return signal(pid, 'SIGKILL') ? OVER : null;
    },
  },
  {
    kind: 'PostgreSQL killed',
    weight: 3,
    apartMs: 15_000,
    strike: async ({ postgres }) => (postgres.kill() ? OVER : null),
  },
  {
    kind: 'broker suspended',
    weight: 3,
    apartMs: 20_000,
    async strike({ broker }, random) {
      const heal = await (broker.hang ?? broker.takeAway)().catch(() => null);
      if (heal === null) return null;
      // The embedded broker is a database: its server may be down just then.
      return { heal: () => retry('the broker', heal), afterMs: random.between(1_000, 4_000) };
    },
  },
  {
    kind: 'broker killed',
    weight: 3,
    // A Kafka takes up to ten seconds to come back.
    apartMs: 45_000,
    async strike({ kafka, broker }, random) {
      if (kafka === undefined) return null;
      const heal = await broker.takeAway();
      return { heal, afterMs: random.between(0, 1_000) };
    },
  },
  {
    kind: 'consumers thrown out',
    weight: 4,
    apartMs: 3_000,
    strike: ({ broker }) =>
      broker.passLeases().then(
        () => OVER,
        () => null,
      ),
  },
  {
    kind: 'mail server killed',
    weight: 3,
    apartMs: 4_000,
    async strike({ smtp }, random) {
      if (!smtp.running) return null;
      smtp.kill();
      return { heal: () => smtp.revive(), afterMs: random.between(0, 2_000) };
    },
  },
  {
    kind: 'mail server flaky',
    weight: 4,
    apartMs: 6_000,
    async strike({ smtp }, random) {
      if (!smtp.running) return null;
      await smtp.tell({ mode: 'flaky' });
      return { heal: () => smtp.tell({ mode: 'reliable' }), afterMs: random.between(2_000, 6_000) };
    },
  },
  onProxy('connections cut', 12, (proxy, random) => {
    proxy.setMode('cut');
    return { heal: () => proxy.setMode('pass'), afterMs: random.between(50, 1_500) };
  }),
  onProxy('connections slow', 6, (proxy, random) => {
    proxy.setDelay(random.between(20, 400));
    return { heal: () => proxy.setDelay(0), afterMs: random.between(500, 2_500) };
  }),
  onProxy('black hole', 7, (proxy, random) => {
    proxy.setMode('black-hole');
    return { heal: () => proxy.setMode('pass'), afterMs: random.between(500, 3_500) };
  }),
  onProxy('answers swallowed', 12, (proxy, random) => {
    proxy.swallowAnswers(random.between(1, 4));
    return OVER;
  }),
  onProxy('requests delivered again', 10, (proxy, random) => {
    const waitMs = random.between(1, 6_000);
    proxy.repeatRequests(random.between(1, 5), () => pause(waitMs, undefined, { ref: false }));
    return { heal: () => proxy.repeatRequests(0, async () => {}), afterMs: 3_000 };
  }),
  {
    kind: 'killed at a step',
    weight: 12,
    async strike(system, random) {
      const step = random.pick(crashSteps);
      const when = random.pick(['before', 'after'] as const);
      return strikeAtStep(system, step, when);
    },
  },
];

function onProxy(
  kind: string,
  weight: number,
  harm: (proxy: FaultProxy, random: Random) => Harm,
): Fault {
  return {
    kind,
    weight,
    async strike({ replicas }, random) {
      const proxies = replicas.flatMap((replica) => replica.proxies);
      const used = proxies.filter(({ connections }) => connections > 0);
      return used.length === 0 ? null : harm(random.pick(used), random);
    },
  };
}

/** Kills the next process that reaches the step. */
async function strikeAtStep(
  system: SystemUnderTest,
  step: CrashStep,
  when: 'before' | 'after',
): Promise<Harm> {
  let victim: Replica | undefined;
  const disarms = proxiesFor(system, step).map(({ proxy, replica }) =>
    proxy.arm({
      pattern: step.pattern,
      when,
      ...(step.answer && { answer: step.answer }),
      trigger() {
        if (victim === undefined && replica.state === 'running') {
          victim = replica;
          replica.kill();
        }
        return 'cut';
      },
    }),
  );
  return {
    async heal() {
      for (const disarm of disarms) disarm();
      await victim?.revive();
    },
    afterMs: 1_000,
  };
}

/** At least one replica of each service is always left alone: an outage of all is another test. */
function runningOf({ replicas }: SystemUnderTest, random: Random): Replica | null {
  const alone = (replica: Replica) =>
    replicas.filter(({ service, state }) => service === replica.service && state === 'running')
      .length < 2;
  const harmable = replicas.filter((each) => each.state === 'running' && !alone(each));
  // Identity has one replica; tokens of known keys work without it.
  const identity = replicas.filter((each) => each.service === 'identity' && random.chance(0.1));
  const choice = [...harmable, ...identity.filter(({ state }) => state === 'running')];
  return choice.length === 0 ? null : random.pick(choice);
}

/** Processes of the database server; none while it is down. */
function backendsOf({ postgres }: SystemUnderTest, sql: string): Promise<Row[]> {
  return queryRows(postgres.url('postgres'), sql).catch(() => []);
}

/** @returns false where there is no such process */
function signal(pid: unknown, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid as number, name);
  } catch {
    return false;
  }
}
