import { type Static, Type } from 'typebox';
import { loadConfig } from '#platform/config/load-config.ts';
import { RunSettings } from '#platform/service/run.ts';
import { commandFor } from '#platform/values/program.ts';
import { MailboxSettings } from '../mailbox/settings.ts';

// Quieter by default than a single service: a person reads this screen.
const LogSettings = Type.Object({
  LOG_LEVEL: { ...RunSettings.properties.LOG_LEVEL, default: 'warn' },
});

const StartSettings = Type.Object({ ...LogSettings.properties, ...MailboxSettings.properties });
export type StartSettings = Static<typeof StartSettings>;

/** @throws ConfigError */
export function readStartSettings(): StartSettings {
  return loadConfig(commandFor('start'), StartSettings, process.env);
}

/** @param service one of the services, whose level may differ */
export function levelOf(service: string): string {
  return loadConfig(service, LogSettings, process.env).LOG_LEVEL;
}
