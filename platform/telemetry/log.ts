import { type Logger, pino, stdTimeFunctions } from 'pino';
import { printableJson } from '../values/printable.ts';
import { currentFields } from './tracing.ts';

/** Members of logged objects that must never be written. */
const SECRETS = ['password', '*.password', 'authorization', '*.authorization', 'accessToken'];

/**
 * A logger of JSON lines on standard output. A line that is written during a request, or during the
 * work on an event or a letter, has its trace id, and the ids that the work is about.
 */
export function createLog(service: string, level: string): Logger {
  return pino({
    level,
    redact: SECRETS,
    base: { service },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (name) => ({ level: name }) },
    mixin: currentFields,
    // Its JSON escapes no C1 control and no direction mark, which a terminal would obey.
    hooks: { streamWrite: printableJson },
  });
}

/** The service that a logger of `createLog` is of. */
export function serviceOf(log: Logger): string {
  return String(log.bindings().service ?? 'orderbell');
}
