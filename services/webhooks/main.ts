import { runService } from '#platform/service/run.ts';

await runService(() => import('./service.ts'));
