import '../mailbox/thread.ts';
import '../system/service-thread.ts';
import '../system/system.ts';
import '../system/thread-main.ts';
import './network.ts';
import { loadServices } from '../system/services.ts';

// All that a start loads besides `launch.ts`, so that the compile cache has it (dev/run.cjs).
await loadServices();
