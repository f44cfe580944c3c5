import { type Logger, pino } from 'pino';

/** What must never be written down, wherever it stands in a logged object. */
const SECRETS = ['password', '*.password', 'authorization', '*.authorization', 'accessToken'];

/** A logger of JSON lines on standard output. */
export function createLog(name: string, level: string): Logger {
  return pino({ name, level, redact: SECRETS, base: { service: name } });
}
