import type { RunningService } from '#platform/service/internal-service.ts';
import { createLog } from '#platform/service/log.ts';
import { loadService } from './services.ts';

/** Starts one service in the thread that loads this module. `config` has its parsed settings. */
export async function start(options: {
  name: string;
  config: unknown;
  level: string;
}): Promise<RunningService> {
  const service = await loadService(options.name);
  return service.start(options.config, createLog(options.name, options.level));
}
