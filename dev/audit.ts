import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { print, printError } from '#platform/telemetry/print.ts';

// `npm run audit`: fails for a production package with a known flaw. A registry may answer no audits:
// then it says so and succeeds, so that a mirror does not stop a build.

interface Report {
  vulnerabilities?: Record<string, { severity: string; range: string; via: unknown[] }>;
}

const { stdout } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
  cwd: join(import.meta.dirname, '..'),
  encoding: 'utf8',
  timeout: 120_000,
});

function reportIn(text: string): Report {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return {};
  }
}

const { vulnerabilities } = reportIn(stdout);
if (vulnerabilities === undefined) {
  print('The registry answers no audit, so known flaws were not looked for.');
} else {
  for (const [name, { severity, range, via }] of Object.entries(vulnerabilities)) {
    const titles = via.map((each) => (each as { title?: string }).title ?? String(each));
    printError(`${name} ${range}: ${severity}, ${titles.join('; ')}`);
  }
  const count = Object.keys(vulnerabilities).length;
  print(`Production packages with known flaws: ${count}`);
  if (count > 0) process.exitCode = 1;
}
