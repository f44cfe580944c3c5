import type { Logger } from 'pino';
import { createLogLimit } from '#platform/async/log-limit.ts';
import { describeError } from '#platform/errors.ts';
import { maskAddresses } from '#platform/values/mask-addresses.ts';
import { isOurFault, type MailFault, type OurFault } from '../smtp/refusal.ts';

/** A fault of a mail server, of an attempt or of the pause that follows it. */
export interface MailAlarm {
  fault: MailFault;
  /** Its host:port; absent for a fault of the settings. */
  provider?: string | undefined;
  reason: string;
}

/** The alarm for a mail server that cannot be reached or refuses letters. */
export type RefusalAlarm = ReturnType<typeof createRefusalAlarm>;

const SAYS: Record<MailFault, string> = {
  connection:
    'the mail server cannot be reached; check that it runs, SMTP_URL (host, port), and firewalls',
  tls: 'the mail server has no TLS that we trust; check its certificate, SMTP_TLS_CA and SMTP_URL',
  greeting:
    'the mail server does not greet us; check that it accepts SMTP_CLIENT_NAME and our address',
  'sign-in': 'the mail server refuses the sign-in; check user and password in SMTP_URL',
  sender: 'the mail server refuses the sender; check MAIL_FROM and what the account may send',
  policy: 'the mail server blocks us; check SPF, DKIM, DMARC and the reputation of our address',
  protocol: 'no mail server seems to answer; check SMTP_URL',
  server: 'the mail server accepts no letters; ask its operator',
  temporary:
    'the mail server postpones letters, which are tried again; look for a rate limit there',
  recipient: 'the mail server refuses the addresses of customers; look at the letters that failed',
  message: 'the mail server refuses the contents of letters; look at the letters that failed',
};

const FAULTS = Object.keys(SAYS) as MailFault[];

/**
 * Counts each fault. Each kind is logged, and kept for the overview when it is about us, at most once
 * a minute for each mail server, since every attempt at every letter may meet it.
 * @param deps.keep stores it for the operator's overview
 * @param deps.nowMs a monotonic clock
 */
export function createRefusalAlarm(deps: {
  log: Pick<Logger, 'info' | 'warn'>;
  keep: (fault: OurFault, reason: string) => Promise<void>;
  nowMs?: () => number;
}) {
  const { log, keep, nowMs } = deps;
  // From zero: a rate does not see the first event of a new series.
  const counts = new Map(FAULTS.map((fault) => [fault, 0]));
  const countForLine = createLogLimit({ nowMs });

  return {
    raise({ fault, provider, reason }: MailAlarm): void {
      counts.set(fault, (counts.get(fault) ?? 0) + 1);
      const count = countForLine(`${fault} ${provider}`);
      if (count === 0) return;
      const masked = maskAddresses(reason);
      log.warn({ fault, provider, count }, `${SAYS[fault]}: ${masked}`);
      if (!isOurFault(fault)) return;
      keep(fault, masked).catch((error: unknown) => {
        log.warn(`a refusal was not kept for the overview: ${describeError(error)}`);
      });
    },
    /** A circuit breaker opened. */
    pause(provider: string, { fault, reason }: Omit<MailAlarm, 'provider'>, waitMs: number): void {
      if (countForLine(`pause ${provider}`) === 0) return;
      const waitS = Math.ceil(waitMs / 1000);
      log.warn(
        { fault, provider, waitS },
        `paused: nothing is sent through this mail server until an attempt succeeds: ${maskAddresses(reason)}`,
      );
    },
    /** It closed. */
    resume(provider: string): void {
      if (countForLine(`resume ${provider}`) > 0) log.info({ provider }, 'the mail server is back');
    },
    /** Attempts that met them since the start, by fault. */
    counts: (): ReadonlyMap<MailFault, number> => counts,
  };
}
