import { posix } from 'node:path';
import {
  clientOfTheApi,
  clientStandsAlone,
  consoleStandsAlone,
  fitForBrowsers,
} from './client-rules.ts';
import { importsOf, isPackage, isTest, type Rule, type SourceFile, targetOf } from './imports.ts';

/** Services on an order's path, and those that they depend on, call no other service. */
const NO_CALLERS = ['orders', 'billing', 'profiles', 'identity', 'webhooks'];
/** No command travels on the broker, so what takes part in a decision does not see it. */
const NO_BROKER = ['gateway', 'billing', 'profiles', 'identity'];

const READINESS_PROBE = ".query('select 1')";

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

// Webhooks go to receivers outside, by a connector of their own.
const isOutbound = ({ path }: SourceFile) => path.startsWith('services/webhooks/');

/** Orders and billing never call another service. */
export const onlyCallersCall: Rule = (file) =>
  forbidden(file, {
    services: NO_CALLERS,
    what: (name) => name === '#platform/http/client.ts' || (name === 'undici' && !isOutbound(file)),
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
export const PRODUCT = /^(contracts|platform|services|client|cli|console|dev)\//;

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
  fitForBrowsers,
  consoleStandsAlone,
  clientStandsAlone,
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
