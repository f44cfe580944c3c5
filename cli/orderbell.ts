import { runProgram } from './program.ts';

// `npm run orderbell -- <command>`: the public API from a terminal.

// A reader that has seen enough (`| head`) is no fault.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  throw error;
});
process.exitCode = await runProgram(process.argv.slice(2));
