import { printError } from '#platform/telemetry/print.ts';
import { commandFor, dataFolder } from '#platform/values/program.ts';
import { launch } from './start/launch.ts';

// `npm start`. Its script in package.json sets the compile cache: stripping types at each start
// doubles the time until the system is ready, and needs 20 MB in each thread.
const options = process.argv.slice(2);
const unknown = options.find((option) => !['--new-secrets', '--lab'].includes(option));
if (options[0] === '--compile') {
  // For dev/run.cjs: fills the compile cache.
  await import('./start/compile.ts');
} else if (unknown === undefined) {
  await launch(dataFolder(), {
    newSecrets: options.includes('--new-secrets'),
    lab: options.includes('--lab'),
  });
} else {
  printError(`${commandFor('start')} knows no ${unknown}; its options are --lab and --new-secrets`);
  process.exitCode = 2;
}
