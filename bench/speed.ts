import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runQuick } from './speed/quick.ts';

// `npm run bench -- --quick`: how fast the default set-up is, letters included, beside what the
// database alone can do. Exit code 1 when the books disagree, 130 when interrupted.

const open: { close(): Promise<void> }[] = [];
const interrupted = Promise.withResolvers<never>();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => interrupted.reject(new Error(`ended by ${signal}`)));
}
const folder = await mkdtemp(join(tmpdir(), 'orderbell-speed-'));
// For root the database runs as another user, who must be able to enter.
await chmod(folder, 0o755);
try {
  const breaches = await Promise.race([
    runQuick({ folder, say: console.log, open }),
    interrupted.promise,
  ]);
  process.exitCode = breaches.length === 0 ? 0 : 1;
} finally {
  for (const each of open.toReversed()) await each.close().catch(console.error);
  await rm(folder, { recursive: true, force: true });
}
