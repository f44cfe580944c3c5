import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { dataFolder, IS_PACKAGE } from '#platform/values/program.ts';

// The entry of `npm run orderbell -- <command>`: a client of the public API.

// For calls without dev/run.cjs, which enables it earlier. Shared with `npm start`: without it,
// stripping types takes half of each call's time. The npm package needs none, and leaves no files in
// the folder where somebody calls it.
if (!IS_PACKAGE) enableCompileCache(join(dataFolder({}), 'compile-cache'));
const { runProgram } = await import('./program.ts');

// A reader that closes the pipe (`| head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await runProgram(process.argv.slice(2));
