import { posix } from 'node:path';

/** A TypeScript file of this project. */
export interface SourceFile {
  /** From the project's root, with `/`. */
  path: string;
  text: string;
}

/** The violations of a rule, one line each, with the remedy. */
export type Rule = (file: SourceFile) => string[];

/** Services on an order's path, and those that they depend on, call no other service. */
const NO_CALLERS = ['orders', 'billing', 'profiles', 'identity'];
/** No command travels on the broker, so what takes part in a decision does not see it. */
const NO_BROKER = ['gateway', 'billing', 'profiles', 'identity'];

const READINESS_PROBE = ".query('select 1')";

// The words as statements have them: `import '…'`, `import x from '…'`, `export … from '…'` and
// `import('…')`. A comment or a text that looks like one is reported too; none does so far.
const SPECIFIER = /(?:\bfrom|\bimport)\s*\(?\s*(['"`])([^'"`\n]+)\1/g;

/** The modules that a source imports or re-exports, in the order of the text. */
export function importsOf(text: string): string[] {
  return [...text.matchAll(SPECIFIER)].map((match) => match[2] as string);
}

/** Contracts and platform are the lowest layer: they import npm, `node:` and their own folder. */
export const ownFolderOnly: Rule = ({ path, text }) => {
  const folder = /^(contracts|platform)\//.exec(path)?.[1];
  if (folder === undefined) return [];
  return importsOf(text)
    .filter((name) => {
      if (isPackage(name)) return false;
      const target = targetOf(path, name);
      if (target.startsWith(`${folder}/`) && name.startsWith('.')) return false;
      return !(isTest(path) && /^(harness|contracts|platform)\//.test(target));
    })
    .map(
      (name) =>
        `${path} imports ${name}: ${folder}/ imports npm and its own folder by relative paths. ` +
        'Take what is needed as a parameter, or move it here if it knows no business word.',
    );
};

/** A service knows its own folder, the platform and the contracts. */
export const noOtherService: Rule = ({ path, text }) => {
  const own = /^services\/[\w-]+\//.exec(path)?.[0];
  if (own === undefined) return [];
  return importsOf(text)
    .filter((name) => {
      if (isPackage(name) || (name.startsWith('.') && targetOf(path, name).startsWith(own))) {
        return false;
      }
      if (name.startsWith('#platform/') || name.startsWith('#contracts/')) return false;
      return !(isTest(path) && /^#(dev|harness)\//.test(name));
    })
    .map(
      (name) =>
        `${path} imports ${name}: a service imports npm, its own folder, #platform/ and #contracts/. ` +
        'Call the other service over HTTP by its contract; services meet only in dev/.',
    );
};

const PRINTABLE = '#platform/values/printable.ts';

/** The command line is a client of the public API: it knows what crosses the boundary, no more. */
export const clientOfTheApi: Rule = ({ path, text }) => {
  if (!path.startsWith('cli/')) return [];
  return importsOf(text)
    .filter((name) => {
      if (isPackage(name) || name.startsWith('#contracts/') || name === PRINTABLE) return false;
      if (name.startsWith('.') && targetOf(path, name).startsWith('cli/')) return false;
      return !(isTest(path) && /^#(dev|harness)\//.test(name));
    })
    .map(
      (name) =>
        `${path} imports ${name}: cli/ imports npm, node:, its own folder, #contracts/ and ${PRINTABLE}. ` +
        'What it needs to know of the system is in the answers of the public API.',
    );
};

/** The event kit is a package for programs of others, with one optional peer. */
export const eventKitStandsAlone: Rule = ({ path, text }) => {
  if (!path.startsWith('client/events/') || isTest(path)) return [];
  return importsOf(text)
    .filter((name) => {
      if (isPackage(name)) return !name.startsWith('node:') && name !== '@platformatic/kafka';
      return !(name.startsWith('.') && targetOf(path, name).startsWith('client/events/'));
    })
    .map(
      (name) =>
        `${path} imports ${name}: client/events/ imports its own files, node: and ` +
        '@platformatic/kafka. Programs that install the package have nothing else.',
    );
};

/** Contracts that clients share with browsers: they import nothing but one another. */
const FOR_BROWSERS = [
  ...['amounts', 'answer-shapes', 'answers', 'currency', 'mail-address', 'patterns'],
].map((name) => `contracts/${name}.ts`);

export const fitForBrowsers: Rule = ({ path, text }) => {
  if (!FOR_BROWSERS.includes(path)) return [];
  return importsOf(text)
    .filter((name) => isPackage(name) || !FOR_BROWSERS.includes(targetOf(path, name)))
    .map(
      (name) =>
        `${path} imports ${name}: the console loads this module, so it imports nothing but ` +
        `${FOR_BROWSERS.join(', ')}.`,
    );
};

// `import type … from '#contracts/…'`: gone before anything runs.
const TYPES_OF_CONTRACTS =
  /\b(?:import|export)\s+type\s[^;'"`]*?from\s*(['"`])#contracts\/[^'"`]+\1/g;

/** The console is sent to browsers: its own files, npm, and contracts that are fit for it. */
export const consoleStandsAlone: Rule = ({ path, text }) => {
  if (!path.startsWith('console/')) return [];
  return importsOf(text.replaceAll(TYPES_OF_CONTRACTS, ''))
    .filter((name) => {
      if (isPackage(name)) return name.startsWith('node:');
      if (FOR_BROWSERS.includes(targetOf(path, name))) return false;
      return !(name.startsWith('.') && targetOf(path, name).startsWith('console/'));
    })
    .map(
      (name) =>
        `${path} imports ${name}: console/ imports npm, its own files by relative paths, ` +
        `\`import type\` from #contracts/, and ${FOR_BROWSERS.join(', ')}. ` +
        'What else it loads, every browser would have to.',
    );
};

/** The models specify the protocols independently of the code. */
export const modelsStandAlone: Rule = ({ path, text }) => {
  if (!path.startsWith('test/models/')) return [];
  return importsOf(text)
    .filter((name) => !name.startsWith('./') && !name.startsWith('node:'))
    .map((name) => `${path} imports ${name}: a model knows no code. Say again what it needs.`);
};

/** Only the entrance of a service is seen from outside of it. */
export const servicesByTheirEntrance: Rule = ({ path, text }) => {
  if (!path.startsWith('dev/') || isTest(path)) return [];
  return importsOf(text)
    .filter((name) => targetOf(path, name).startsWith('services/'))
    .filter((name) => !/^#services\/[\w-]+\/service\.ts$/.test(name))
    .map(
      (name) => `${path} imports ${name}: dev/ starts a service by #services/…/service.ts only.`,
    );
};

/** Orders and billing never call another service. */
export const onlyCallersCall: Rule = (file) =>
  forbidden(file, {
    services: NO_CALLERS,
    what: (name) => name === '#platform/http/client.ts' || name === 'undici',
    instead: 'let the gateway orchestrate and pass what is needed with the call',
  });

/** The broker carries notifications only. */
export const onlyBrokerUsersPublish: Rule = (file) =>
  forbidden(file, {
    services: NO_BROKER,
    what: (name) => /^#platform\/(broker|messaging)\//.test(name),
    instead: 'no command travels on the broker, so call the service over HTTP',
  });

/** Orders is the one publisher. */
export const onlyOrdersPublish: Rule = (file) =>
  file.path.startsWith('services/orders/')
    ? []
    : forbidden(file, {
        what: (name) => name.startsWith('#platform/messaging/outbox-'),
        instead: 'the topic has one publisher; a consumer stores what it reads',
      });

/** SQL belongs in stores, one function per statement. */
export const sqlInStores: Rule = ({ path, text }) => {
  if (!path.startsWith('services/') || isTest(path)) return [];
  if (/(^|\/|-)store\.ts$/.test(path) || !sendsSql(text)) return [];
  return [
    `${path} sends SQL: give store.ts (or a *-store.ts) a named function for the statement, ` +
      'and pass that function in.',
  ];
};

/** Whether a text sends statements, the readiness probe aside. */
function sendsSql(text: string): boolean {
  return /\.query\s*[(<]/.test(text.replaceAll(READINESS_PROBE, ''));
}

/** Folders whose code is delivered. */
export const PRODUCT = /^(contracts|platform|services|cli|client|console|dev)\//;

/** The harness is below tests and benchmarks, and no part of the product. */
export const harnessBelowTests: Rule = ({ path, text }) => {
  const fromProduct = PRODUCT.test(path) && !isTest(path);
  if (!fromProduct && !path.startsWith('harness/')) return [];
  const above = fromProduct ? /^(harness|test|bench)\// : /^(test|bench)\//;
  return importsOf(text)
    .filter((name) => above.test(targetOf(path, name)))
    .map(
      (name) =>
        `${path} imports ${name}: product code imports neither harness/, test/ nor bench/, and ` +
        'harness/ imports neither test/ nor bench/. Move what is shared into harness/.',
    );
};

/** Folders of one part that import each other, directly or indirectly. */
export function roomCircles(files: readonly SourceFile[]): string[] {
  const below = new Map<string, Set<string>>();
  for (const { path, text } of files.filter((file) => !isTest(file.path))) {
    for (const name of importsOf(text)) {
      const [from, to] = [posix.dirname(path), posix.dirname(targetOf(path, name))];
      if (isPackage(name) || from === to) continue;
      below.set(from, (below.get(from) ?? new Set()).add(to));
    }
  }
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean =>
    [...(below.get(from) ?? [])].some((next) => {
      if (next === to) return true;
      if (seen.has(next)) return false;
      return reaches(next, to, seen.add(next));
    });
  return [...below.keys()]
    .filter((room) => reaches(room, room))
    .map((room) => `${room}/ needs itself through other folders: move what they share below both.`);
}

export const importRules: Record<string, Rule> = {
  harnessBelowTests,
  ownFolderOnly,
  noOtherService,
  clientOfTheApi,
  eventKitStandsAlone,
  fitForBrowsers,
  consoleStandsAlone,
  modelsStandAlone,
  servicesByTheirEntrance,
  onlyCallersCall,
  onlyBrokerUsersPublish,
  onlyOrdersPublish,
  sqlInStores,
};

/**
 * Whether every invariant has a test that names it: rows `| I1 … | … | \`path\` |` of a page.
 * @param read the text of a file, or undefined where there is none
 */
export function invariantFaults(
  page: string,
  invariants: readonly string[],
  read: (path: string) => string | undefined,
): string[] {
  return invariants.flatMap((invariant) => {
    const row = page
      .split('\n')
      .find((line) => new RegExp(`^\\|[\\s*]*${invariant}\\b`).test(line));
    if (row === undefined) return [`ARCHITECTURE.md has no row \`| ${invariant} … |\`: add it.`];
    const tests = [...row.matchAll(/`([^`]+\.test\.ts)`/g)].map((match) => match[1] as string);
    if (tests.length === 0) {
      return [`ARCHITECTURE.md names no test of ${invariant}: put its path between backticks.`];
    }
    return tests.flatMap((path) => {
      const text = read(path);
      if (text === undefined) return [`ARCHITECTURE.md, ${invariant}: there is no ${path}.`];
      if (new RegExp(`\\b${invariant}\\b`).test(text)) return [];
      return [`${path} does not mention ${invariant}: name it in the test that keeps it.`];
    });
  });
}

function forbidden(
  { path, text }: SourceFile,
  rule: { services?: string[]; what: (name: string) => boolean; instead: string },
): string[] {
  const service = /^services\/([\w-]+)\//.exec(path)?.[1];
  if (service === undefined || isTest(path)) return [];
  if (rule.services?.includes(service) === false) return [];
  return importsOf(text)
    .filter(rule.what)
    .map((name) => `${path} imports ${name}, which ${service} may not: ${rule.instead}.`);
}

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts');
}

function isPackage(name: string): boolean {
  return !/^[./#]/.test(name);
}

/** Where an import leads, from the project's root. */
function targetOf(path: string, name: string): string {
  if (name.startsWith('#')) return name.slice(1);
  return posix.normalize(posix.join(posix.dirname(path), name));
}
