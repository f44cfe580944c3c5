import { type Logger, pino } from 'pino';

/** Members of logged objects that must never be written. */
const SECRETS = ['password', '*.password', 'authorization', '*.authorization', 'accessToken'];

/** A logger of JSON lines on standard output. */
export function createLog(name: string, level: string): Logger {
  return pino({ name, level, redact: SECRETS, base: { service: name } });
}
