import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// The entry of `npm run orderbell -- <command>`: a client of the public API.

// Shared with `npm start`. Without it, stripping types takes half of each call's time.
enableCompileCache(join(import.meta.dirname, '..', '.orderbell', 'compile-cache'));
const { runProgram } = await import('./program.ts');

// A reader that closes the pipe (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await runProgram(process.argv.slice(2));
