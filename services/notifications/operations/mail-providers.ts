import type { MailProvider } from '#contracts/notifications.ts';
import type { Reading } from '#platform/metrics/metrics.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import type { ProviderStatus } from '../smtp/mailer.ts';

/** The mail servers as the overview shows them. */
export function providersAt(now: Date, providers: ProviderStatus[]): MailProvider[] {
  const inMs = (ms: number) => new Date(now.getTime() + ms).toISOString();
  return providers.map(({ fault, name, retryInMs, sinceMs, state }) => ({
    provider: name,
    state,
    since: inMs(-sinceMs),
    nextAttemptAt: retryInMs === null ? null : inMs(retryInMs),
    fault: fault && { kind: fault.fault, text: maskAddresses(fault.reason) },
  }));
}

/** 1 for each mail server whose circuit breaker is not closed. */
export function breakerReadings(providers: ProviderStatus[]): Reading[] {
  return providers.map(({ name, state }) => ({
    value: state === 'closed' ? 0 : 1,
    labels: { provider: name },
  }));
}
