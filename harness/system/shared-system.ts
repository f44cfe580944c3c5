import { after } from 'node:test';
import { openTestSystem, PATIENT, type TestSystem } from './system.ts';

// For tests that need no settings of their own, harm nothing, and look at their own customers only:
// the files of a process share one system. `test/suites.ts` deals them to the same process.

const open = new AsyncDisposableStack();
let system: Promise<TestSystem> | undefined;

/** The system that the tests of this process share; it ends with the process. */
export function sharedTestSystem(): Promise<TestSystem> {
  system ??= openTestSystem(open, PATIENT);
  return system;
}

after(async () => {
  await system?.catch(() => {});
  await open.disposeAsync();
});
