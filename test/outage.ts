import assert from 'node:assert/strict';
import type { Static, TObject } from 'typebox';
import { type Environment, loadConfig } from '#platform/config.ts';
import type { RunningService } from '#platform/service.ts';
import { publicKeyOf } from '#platform/service-token.ts';
import { BillingConfig, startBilling } from '#services/billing/service.ts';
import { NotificationsConfig, startNotifications } from '#services/notifications/service.ts';
import { OrdersConfig, startOrders } from '#services/orders/service.ts';
import { ProfilesConfig, startProfiles } from '#services/profiles/service.ts';
import { testLog, testServerUrl } from './database.ts';
import { queryRows, type TestSystem } from './system.ts';

/** A service that can be started again where it was, for the callers that know its address. */
function restartable<S extends TObject>(
  schema: S,
  start: (config: Static<S>, log: typeof testLog) => Promise<RunningService>,
) {
  return (name: string, env: Environment) => start(loadConfig(name, schema, env), testLog);
}

const starts = {
  billing: restartable(BillingConfig, startBilling),
  orders: restartable(OrdersConfig, startOrders),
  profiles: restartable(ProfilesConfig, startProfiles),
  notifications: restartable(NotificationsConfig, startNotifications),
};

/** Stops a service; what it returns starts it again at the same address. */
export async function stop(
  { system, secrets, databaseUrl, mailbox }: TestSystem,
  name: keyof typeof starts,
): Promise<() => Promise<void>> {
  const stopped = system.services.get(name) as RunningService;
  system.services.delete(name);
  await stopped.close();
  const env = {
    PORT: new URL(stopped.url).port,
    [`${name.toUpperCase()}_DATABASE_URL`]: databaseUrl(name),
    BROKER_DATABASE_URL: databaseUrl('broker'),
    NOTIFICATIONS_PRIVATE_KEY: secrets.notificationsKey,
    PROFILES_URL: system.services.get('profiles')?.url,
    SMTP_URL: mailbox.smtpUrl,
    SERVICE_PUBLIC_KEYS: JSON.stringify({
      keys: [
        await publicKeyOf('gateway', secrets.gatewayKey),
        await publicKeyOf('notifications', secrets.notificationsKey),
      ],
    }),
  };
  return async () => {
    system.services.set(name, await starts[name](name, env));
  };
}

/** Takes a database away from everybody, as a server that is down would. */
export async function closeDatabase(url: string): Promise<() => Promise<void>> {
  const name = new URL(url).pathname.slice(1);
  const allow = (yes: boolean) =>
    queryRows(testServerUrl(), `alter database ${name} allow_connections ${yes}`);
  await allow(false);
  await queryRows(
    testServerUrl(),
    'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1',
    [name],
  );
  await assert.rejects(queryRows(url, 'select 1'));
  return async () => {
    await allow(true);
  };
}
