import { runService } from '#platform/service/run.ts';
import { service } from './service.ts';

await runService(service);
