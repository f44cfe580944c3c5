import type { RunningService } from '#platform/service/internal-service.ts';
import { createLog } from '#platform/telemetry/log.ts';
import { startTracing } from '#platform/telemetry/tracing-sdk.ts';
import { loadService } from './services.ts';

/** Starts one service in the thread that loads this module. `config` has its parsed settings. */
export async function start(options: {
  name: string;
  config: unknown;
  level: string;
}): Promise<RunningService> {
  const service = await loadService(options.name);
  const log = createLog(options.name, options.level);
  // A thread has an SDK of its own.
  const tracing = await startTracing('orderbell', process.env, log);
  const running = await service.start(options.config, log);
  return { ...running, close: () => running.close().finally(tracing.close) };
}
