import { after } from 'node:test';
import { openTestSystem, type TestSystem } from './system.ts';

// For tests that need the default settings, harm nothing, and look at their own customers only: the
// files of a process share one system. `test/suites.ts` deals them to the same process.

let opened: ReturnType<typeof openTestSystem> | undefined;

/** The system that the tests of this process share; it ends with the process. */
export async function sharedTestSystem(): Promise<TestSystem> {
  opened ??= openTestSystem();
  return (await opened).system;
}

after(async () => {
  await (await opened)?.close();
});
