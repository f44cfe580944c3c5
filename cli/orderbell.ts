import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// `npm run orderbell -- <command>`: the public API from a terminal.

// Where `npm start` keeps it too: without it half of each call's time goes into stripping types.
enableCompileCache(join(import.meta.dirname, '..', '.orderbell', 'compile-cache'));
const { runProgram } = await import('./program.ts');

// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await runProgram(process.argv.slice(2));
