import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { print, printError } from '#platform/telemetry/print.ts';
import { checkLicences, type LockedPackage } from './dependencies/licences.ts';

// `npm run licences`: lists the licences of all packages, and fails for one that is not allowed.

const ROOT = join(import.meta.dirname, '..');

interface Entry {
  version?: string;
  license?: string;
  dev?: boolean;
}

function licenceIn(path: string): string | undefined {
  const file = join(ROOT, path, 'package.json');
  // A package for another platform is not installed.
  if (!existsSync(file)) return undefined;
  const { license, licenses = [] } = JSON.parse(readFileSync(file, 'utf8')) as {
    license?: unknown;
    /** The former form of npm, in packages that have not changed since. */
    licenses?: { type?: string }[];
  };
  if (typeof license === 'string') return license;
  return [licenses].flat().flatMap(({ type }) => type ?? [])[0];
}

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, Entry>;
};
const packages: LockedPackage[] = Object.entries(lock.packages)
  .filter(([path]) => path !== '')
  .map(([path, entry]) => ({ path, ...entry, license: entry.license ?? licenceIn(path) }));
const { byLicence, refused } = checkLicences(packages);

for (const [licence, all] of [...byLicence].sort()) {
  print(`${licence}: ${all.length}`);
  if (process.argv.includes('--all')) {
    for (const { path, version, dev } of all) {
      print(`  ${path.replace(/^.*node_modules\//, '')} ${version}${dev ? ' (tool)' : ''}`);
    }
  }
}
for (const { path, license = 'none' } of refused) {
  printError(
    `${path} has the licence ${license}, which is not on the list in dev/dependencies/licences.ts`,
  );
}
if (refused.length > 0) process.exitCode = 1;
