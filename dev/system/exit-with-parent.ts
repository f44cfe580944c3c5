// Preloaded into the processes of service-process.ts: ends this process with the one that started
// it, also when that one was killed and could tell nobody. At once, as in a crash: nobody is left
// whom a graceful end could serve.

process.once('disconnect', () => process.exit(1));
// It may have ended before the line above.
if (!process.connected) process.exit(1);
