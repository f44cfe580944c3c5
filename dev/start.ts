import { enableCompileCache } from 'node:module';
import { join, resolve } from 'node:path';

// `npm start`. Only this file is compiled anew at each start: what it imports is compiled and
// stripped of its types once and kept, which halves the time until the system is ready.
const home = resolve(process.env.ORDERBELL_HOME ?? join(import.meta.dirname, '..', '.orderbell'));
enableCompileCache(join(home, 'compile-cache'));
const { launch } = await import('./launch.ts');
await launch(home);
