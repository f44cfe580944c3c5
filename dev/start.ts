import { join, resolve } from 'node:path';
import { launch } from './launch.ts';

// `npm start`, which also says where compiled code is kept (package.json): stripping the types anew
// at each start doubles the time until the system is ready, and takes 20 MB in each thread.
await launch(resolve(process.env.ORDERBELL_HOME ?? join(import.meta.dirname, '..', '.orderbell')));
