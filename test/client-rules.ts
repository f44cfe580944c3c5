import { importsOf, isPackage, isTest, type Rule, targetOf } from './imports.ts';

// Import rules of the clients of the public API: client/, cli/ and console/.

/** What other programs get as @orderbell/client. */
const CLIENT = '#client/client.ts';
/** Of the platform: texts for a terminal, and the commands that texts name. */
const VALUES = ['printable', 'program'].map((name) => `#platform/values/${name}.ts`);

/** The command line is a client of the public API: it knows what crosses the boundary, no more. */
export const clientOfTheApi: Rule = ({ path, text }) => {
  if (!path.startsWith('cli/')) return [];
  return importsOf(text)
    .filter((name) => {
      if (isPackage(name) || name.startsWith('#contracts/')) return false;
      if (name === CLIENT || VALUES.includes(name)) return false;
      if (name.startsWith('.') && targetOf(path, name).startsWith('cli/')) return false;
      return !(isTest(path) && /^#(dev|harness)\//.test(name));
    })
    .map(
      (name) =>
        `${path} imports ${name}: cli/ imports npm, node:, its own folder, ${CLIENT}, #contracts/, ` +
        `${VALUES.join(', ')}. ` +
        'What it needs to know of the system is in the answers of the public API.',
    );
};

/** Contracts that clients share with browsers: they import nothing but one another. */
const FOR_BROWSERS = [
  ...['amounts', 'answer-shapes', 'answers', 'currency', 'mail-address', 'order-number'],
  ...['operator-shapes', 'patterns', 'shapes', 'webhook-shapes'],
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
      if (name === CLIENT || FOR_BROWSERS.includes(targetOf(path, name))) return false;
      return !(name.startsWith('.') && targetOf(path, name).startsWith('console/'));
    })
    .map(
      (name) =>
        `${path} imports ${name}: console/ imports npm, its own files by relative paths, ` +
        `${CLIENT}, \`import type\` from #contracts/, and ${FOR_BROWSERS.join(', ')}. ` +
        'What else it loads, every browser would have to.',
    );
};

/**
 * The client goes to browsers and to other programs: its own files and contracts that are fit for
 * browsers, by relative paths that hold in the package, too. Its events/ are for Node.
 */
export const clientStandsAlone: Rule = ({ path, text }) => {
  if (!path.startsWith('client/')) return [];
  const isEvents = path.startsWith('client/events/');
  return importsOf(text)
    .filter((name) => {
      if (isTest(path) && /^(node:|#(harness|contracts|platform|dev)\/|[^./#])/.test(name))
        return false;
      if (isPackage(name)) {
        return !(isEvents && (name.startsWith('node:') || name === '@platformatic/kafka'));
      }
      const target = targetOf(path, name);
      const isOwn = target.startsWith(isEvents ? 'client/events/' : 'client/');
      const leavesEvents = !isEvents && target.startsWith('client/events/');
      const isFit = isOwn || (!isEvents && FOR_BROWSERS.includes(target));
      return !name.startsWith('.') || !isFit || leavesEvents;
    })
    .map(
      (name) =>
        `${path} imports ${name}: client/ imports its own files and ${FOR_BROWSERS.join(', ')} by ` +
        'relative paths, and no package. Its events/ import their own files, node: and ' +
        '@platformatic/kafka: programs that install the package have nothing else.',
    );
};
