import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { print, printError } from '#platform/telemetry/print.ts';

// `npm run audit`: fails for a production package with a known flaw. Without an answer of the registry it says so
// and succeeds, so that a mirror or a missing network does not stop a build.

const TIMEOUT_MS = 60_000;

interface Report {
  vulnerabilities?: Record<string, { severity: string; range: string; via: unknown[] }>;
  /** Why there is no report. */
  message?: string;
  error?: { summary?: string };
}

// Without repetitions, which take minutes where there is no network.
const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json', '--fetch-retries=0'], {
  cwd: join(import.meta.dirname, '..'),
  encoding: 'utf8',
  timeout: TIMEOUT_MS,
  // The arguments are constant; on Windows npm is a script.
  shell: process.platform === 'win32',
});

function reportIn(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return {};
  }
}

const report = reportIn(stdout ?? '');
if (report.vulnerabilities === undefined) {
  const cause = error?.message ?? report.message ?? report.error?.summary ?? 'no answer';
  print(`Known flaws were not checked: the npm registry gives no audit (${cause.trim()}).`);
} else {
  const flawed = Object.entries(report.vulnerabilities);
  for (const [name, { severity, range, via }] of flawed) {
    const titles = via.map((each) => (each as { title?: string }).title ?? String(each));
    printError(`${name} ${range}: ${severity}, ${titles.join('; ')}`);
  }
  print(`Production packages with known flaws: ${flawed.length}`);
  if (flawed.length > 0) process.exitCode = 1;
}
