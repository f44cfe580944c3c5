import { globSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Layout, testLayout } from '#harness/system/layout.ts';

// The only list of test suites. A file is in the first suite that names it, and in `parts` if none
// does, so that no file is left out (docs/reference/testing.md).

export interface Suite {
  name: string;
  /** Its subject, for the first lines of a run. */
  says: string;
  /** Whether `npm test` runs it; `npm run test:all` runs all. */
  quick: boolean;
  /** How its tests spread the services. Its files also run in their own suite, in one process. */
  layout?: Layout;
  /** Number of processes that its files are dealt to: each loads the system's code once. */
  processes?: number;
  /** Glob patterns of files. */
  files: string[];
}

// `npm run test:rest` runs the suites in this order, the longest file first: the last ones should
// be short. The quick suites begin with the last.
export const SUITES: Suite[] = [
  {
    name: 'proof',
    says: 'prove: kills and faults under load; planted defects; the protocols as models',
    quick: false,
    files: [
      'bench/prove/defects/defects.test.ts',
      'bench/prove/whole-run.test.ts',
      'test/models/*-protocol.test.ts',
    ],
  },
  {
    name: 'replicas',
    says: 'the whole system on Kafka, two processes of each service but identity: races, failover, idempotency',
    quick: false,
    layout: 'replicas',
    processes: 6,
    files: [
      // These share one system.
      'test/system/{course-scenario,input,input-accounts,input-http,letters,lists}.test.ts',
      'test/system/{money,operator-letters}.test.ts',
      'test/system/{answers,broker-faults,hanging-replica,relay-off,replicas}.test.ts',
    ],
  },
  {
    name: 'kafka',
    says: 'a real Kafka, and Debezium as the relay',
    quick: false,
    files: [
      ...['platform/broker/kafka/*.test.ts', 'dev/kafka/kafka.test.ts', 'test/debezium.test.ts'],
      ...['client/events/consume.test.ts', 'test/consume-events.test.ts'],
    ],
  },
  {
    name: 'kills',
    says: 'services, PostgreSQL and npm start as processes that are killed',
    quick: false,
    files: [
      'dev/start/crash.test.ts',
      'dev/start/stop.test.ts',
      'dev/**/*.slow.test.ts',
      'dev/postgres/postgres.test.ts',
      'test/{docs-runnable,lessons}.test.ts',
      'test/service-processes.test.ts',
      'test/system/*-faults.test.ts',
    ],
  },
  {
    name: 'processes',
    says: 'the whole system on Kafka, one process of each service: outages, and what is shown of them',
    quick: false,
    layout: 'processes',
    processes: 3,
    files: ['test/system/{course-scenario,outages,journey,overview,tokens}.test.ts'],
  },
  {
    name: 'versions',
    says: 'the whole system on Kafka, this version and the previous release side by side',
    quick: false,
    layout: 'versions',
    processes: 2,
    // Not `lists`: it compares answers of two replicas, and members that this version adds differ.
    files: ['test/system/{course-scenario,money,letters,operator-letters}.test.ts'],
  },
  {
    name: 'thorough',
    says: 'every page of the console, restores, erasure, wrong clocks, the reconciliation, the demonstration, recipes, linted documents',
    quick: false,
    processes: 6,
    files: [
      'test/console/{accessible,flaky-network,operator,operator-wallet,ledger}.test.ts',
      'test/console/unchanged-journey.test.ts',
      'test/console/operator-{lists,search}.test.ts',
      'test/console/{mailbox,journey,overview,issuer,sessions,confirm,your-data}.test.ts',
      'test/console/{fault-lab,webhooks}.test.ts',
      'test/system/{restore,clocks,ledger,erasure}.test.ts',
      'harness/oracle/oracle.test.ts',
      'services/billing/ledger/decide-payment.model.test.ts',
      'cli/client/foreign-answers.test.ts',
      'dev/demo/demo.test.ts',
      'test/recipes.test.ts',
      'contracts/documents/lint.test.ts',
      'dev/start/new-secrets.test.ts',
    ],
  },
  {
    name: 'production',
    says: 'PostgreSQL with a standby and a pooler, proxies, TLS, an image without npm start, versions side by side',
    quick: false,
    files: ['test/production/*.test.ts'],
  },
  {
    name: 'browser',
    says: 'the console in a real browser: the main job, money, keyboard, hostile content',
    quick: true,
    processes: 4,
    files: ['test/console/*.test.ts'],
  },
  {
    name: 'system',
    says: 'the whole system, by its API and its command line',
    quick: true,
    processes: 6,
    files: [
      'test/system/*.test.ts',
      'test/*.test.ts',
      'cli/{system,webhooks}.test.ts',
      'dev/start.test.ts',
    ],
  },
  {
    name: 'parts',
    says: 'every function and every service alone',
    quick: true,
    processes: 6,
    files: ['**/*.test.ts'],
  },
];

const QUICK_MINUTES = 8;
const REST_MINUTES = 27;

const ROOT = join(import.meta.dirname, '..');
const NOT_OURS = ['node_modules', '.git', '.orderbell'];

/** The files of each suite, in the order of `SUITES`. */
export function filesBySuite(): Map<Suite, string[]> {
  const glob = (pattern: string) =>
    globSync(pattern, { cwd: ROOT, exclude: (name) => NOT_OURS.includes(name) });
  const taken = new Set<string>();
  return new Map(
    SUITES.map((suite) => {
      const files = new Set(suite.files.flatMap(glob));
      if (suite.layout === undefined) {
        for (const file of files) {
          if (taken.has(file)) files.delete(file);
          taken.add(file);
        }
      }
      return [suite, [...files].sort()];
    }),
  );
}

/** Files that share a process. */
export interface Group {
  layout: Layout;
  files: string[];
}

/** The files for one call of Node's test runner. */
export interface Plan {
  name: 'quick' | 'rest' | 'given';
  /** In the order in which the processes begin. */
  groups: Group[];
}

/**
 * Chooses the suites of a run.
 * @param given names of suites or files; `--rest` for all that the quick suites leave out
 * @param chosen layout of the suites that have none of their own; `--rest` always takes one process
 */
export function planOf(given: string[], chosen = testLayout()): Plan {
  const suites = [...filesBySuite()];
  const groupsOf = (some: typeof suites, ownLayout = chosen) =>
    some.flatMap(([{ layout = ownLayout, processes }, files]) =>
      deal(files, processes).map((group) => ({ layout, files: group })),
    );
  if (given.length === 0) {
    const quick = suites.filter(([suite]) => suite.quick).reverse();
    return { name: 'quick', groups: groupsOf(quick) };
  }
  if (given[0] === '--rest') {
    const rest = suites.filter(([suite]) => !suite.quick);
    return { name: 'rest', groups: groupsOf(rest, 'one-process') };
  }
  const groups = given.flatMap((name) => {
    const suite = suites.filter(([{ name: known }]) => known === name);
    return suite.length > 0 ? groupsOf(suite) : [{ layout: chosen, files: [name] }];
  });
  return { name: 'given', groups };
}

/** The first lines of a run: its suites, their duration and the suites left out. */
export function banner({ name, groups }: Plan): string[] {
  if (name === 'given') return [];
  const quick = name === 'quick';
  const linesFor = (wanted: boolean) =>
    SUITES.filter((suite) => suite.quick === wanted).map(({ name, says }) => `  ${name}: ${says}`);
  const count = groups.flatMap(({ files }) => files).length;
  return [
    `${quick ? 'The quick suites' : 'What the quick suites leave out'}: ${count} test files, ` +
      `about ${quick ? QUICK_MINUTES : REST_MINUTES} minutes on two processors.`,
    ...(quick
      ? [
          ...linesFor(true).reverse(),
          `Not among them, by npm run test:all in about ${REST_MINUTES} minutes more (Java 17, Maven, Chromium):`,
        ]
      : []),
    ...linesFor(false),
    '',
  ];
}

/**
 * Deals files to a number of processes, each of about the same size; by default one file each. Those
 * that share a system stay together.
 */
function deal(files: string[], processes = files.length): string[][] {
  const texts = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]));
  const sizeOf = (some: string[]) =>
    some.reduce((sum, file) => sum + (texts.get(file) as string).length, 0);
  const together = files.filter((file) => texts.get(file)?.includes('/shared-system.ts'));
  const alone = files.filter((file) => !together.includes(file)).map((file) => [file]);
  const groups = Array.from({ length: processes }, () => [] as string[]);
  for (const some of [together, ...alone].sort((one, other) => sizeOf(other) - sizeOf(one))) {
    groups.sort((one, other) => sizeOf(one) - sizeOf(other))[0]?.push(...some);
  }
  return groups.filter((group) => group.length > 0);
}

// The first test waits until all files are read: without a test to run, the runner takes a process
// for done, and calls its `after` hooks while later files are still to come.
// The runner waits for each process to exit, which a failed test may prevent.
const FRAME = `import { after, test } from 'node:test';
const read = Promise.withResolvers();
test('the files of this process are read', () => read.promise);
after(() => {
  setTimeout(() => {
    console.error('still open: ' + process.getActiveResourcesInfo().join(', '));
    process.exit(1);
  }, 60_000).unref();
});`;

/**
 * Writes a file for each group that runs the tests of its files one after the other.
 * @returns their paths, which the runner sorts by name
 */
export function writeGroups({ name, groups }: Plan, folder: string): Promise<string[]> {
  return Promise.all(
    groups.map(async ({ layout, files }, index) => {
      const path = join(folder, `${name}-${String(index).padStart(3, '0')}.mjs`);
      // A file that cannot be read is a test that fails, and no reason to skip the others.
      const lines = files.map(
        (file) => `await import(${JSON.stringify(resolve(file))})
          .catch((error) => test(${JSON.stringify(file)}, () => { throw error; }));`,
      );
      const setting = `process.env.TEST_LAYOUT = ${JSON.stringify(layout)};`;
      await writeFile(path, [FRAME, setting, ...lines, 'read.resolve();'].join('\n'));
      return path;
    }),
  );
}
