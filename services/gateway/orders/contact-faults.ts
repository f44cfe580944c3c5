import type { Logger } from 'pino';
import type { ContactFault, GatewayOverview } from '#contracts/operator.ts';
import { createLogLimit } from '#platform/async/log-limit.ts';
import type { Metric } from '#platform/metrics/metrics.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';

type Claim = ContactFault['claim'];
type Fault = ContactFault['fault'];

/** A claim of a token that cannot become the customer's contact. */
export interface UnusableClaim {
  claim: Claim;
  fault: Fault;
}

// Above it customers are counted again: a bound for the memory, not for the count.
const REMEMBERED_MAX = 10_000;

const WORDS: Record<Fault, string> = {
  missing: 'is missing',
  type: 'is no text',
  length: 'is too long',
  form: 'has another form than letters need',
};

/** Counts the customers of this process whose contact is unknown by a fault of their token. */
export type ContactFaults = ReturnType<typeof createContactFaults>;

/**
 * Each customer counts once per claim and fault, however many requests come. Each fault is logged
 * at most once a minute. The value is not: it is a person's, and the issuer has it.
 * @param nowMs a monotonic clock
 */
export function createContactFaults(log: Pick<Logger, 'warn'>, nowMs?: () => number) {
  const since = new Date().toISOString();
  const faults = new Map<string, ContactFault>();
  const countForLine = createLogLimit({ nowMs });
  const remembered = new Set<string>();
  return {
    report(customerId: string, { claim, fault }: UnusableClaim): void {
      const key = `${claim} ${fault}`;
      const found = faults.get(key) ?? { claim, fault, customers: 0, latestAt: '' };
      found.latestAt = new Date().toISOString();
      faults.set(key, found);
      if (!remembered.has(`${key} ${customerId}`)) {
        if (remembered.size >= REMEMBERED_MAX) remembered.clear();
        remembered.add(`${key} ${customerId}`);
        found.customers++;
      }
      if (countForLine(key) === 0) return;
      log.warn(
        { claim, fault, customers: found.customers },
        `the claim ${claim} of the customer ${maskAddresses(customerId)} ${WORDS[fault]}: ` +
          'letters wait until a token has a usable one, or the customer fills in the profile',
      );
    },
    overview: (): GatewayOverview => ({ since, contactFaults: [...faults.values()] }),
    metric: {
      name: 'orderbell_contact_claims_unusable_total',
      help: 'Customers whose contact is unknown, by the claim of the token that cannot be used.',
      labels: ['claim'],
      async read() {
        const sums = new Map<Claim, number>([
          ['email', 0],
          ['name', 0],
        ]);
        for (const { claim, customers } of faults.values()) {
          sums.set(claim, (sums.get(claim) ?? 0) + customers);
        }
        return [...sums].map(([claim, value]) => ({ value, labels: { claim } }));
      },
    } satisfies Metric,
  };
}
