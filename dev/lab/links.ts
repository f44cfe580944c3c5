import type { TrapAction } from '../faults/fault-connection.ts';
import { FaultProxy, type Trap } from '../faults/fault-proxy.ts';
import { openSmtpServer, type SmtpStep } from '../faults/smtp-server.ts';

/** The connections that can fail: the gateway's to billing, and those that letters need. */
export const LINKS = ['billing', 'broker', 'profiles', 'mail'] as const;
export type Link = (typeof LINKS)[number];

/** The faults by name, each with its link. A link has one fault at a time. */
export const FAULTS = {
  'billing-slow': 'billing',
  'answer-lost': 'billing',
  'payment-lost': 'billing',
  'broker-away': 'broker',
  'profiles-away': 'profiles',
  'mail-refuses': 'mail',
  'mail-hangs': 'mail',
} as const satisfies Record<string, Link>;
export type FaultName = keyof typeof FAULTS;

export const isFaultName = (name: string): name is FaultName => Object.hasOwn(FAULTS, name);

export type Links = Awaited<ReturnType<typeof openLinks>>;

// The request of a payment alone, or among others in a batch. Recovery's void-or-get is another one.
const PAYMENT = /^PUT \/payments\/[^/ ]+ HTTP|"operationId":"decidePayment"/;
// Longer than the deadline of an order (5 s), so that the customer gets the 202 first.
const SLOW_MS = 6_000;

/** Begins a fault. @returns ends it */
type Begin = (onHit: () => void) => () => void;

/** Opens the proxies of the links, and performs faults on them. */
export async function openLinks(open: AsyncDisposableStack) {
  const proxies = {} as Record<Link, FaultProxy>;
  for (const link of LINKS) {
    const proxy = await FaultProxy.open();
    open.defer(() => proxy.close());
    proxies[link] = proxy;
  }
  let step: SmtpStep | undefined;
  const sickMail = await openSmtpServer({ choose: () => step });
  open.defer(() => sickMail.close());
  let mailServer = '';

  /** Ends open connections as well, since the next letter would take one of them. */
  function leadMailTo(url: string): void {
    proxies.mail.setMode('cut');
    proxies.mail.target(url);
    proxies.mail.setMode('pass');
  }

  function misleadMail(next: SmtpStep): () => void {
    step = next;
    leadMailTo(sickMail.url);
    return () => leadMailTo(mailServer);
  }

  /** Before the greeting: a fault that all letters share, so the circuit breaker opens. */
  function silenceMail(): () => void {
    proxies.mail.setMode('cut');
    proxies.mail.setMode('black-hole');
    return () => leadMailTo(mailServer);
  }

  function away(link: Link): () => void {
    proxies[link].setMode('cut');
    return () => proxies[link].setMode('pass');
  }

  const begin: Record<FaultName, Begin> = {
    ...paymentFaults(proxies.billing),
    'broker-away': () => away('broker'),
    'profiles-away': () => away('profiles'),
    'mail-refuses': () =>
      misleadMail({ at: 'rcpt', do: 'reply', reply: '450 4.2.1 fault lab: try later' }),
    'mail-hangs': silenceMail,
  };

  return {
    /** Where callers reach the other end of a link. */
    portOf: (link: Link) => proxies[link].port,
    target(link: Link, url: string): void {
      if (link === 'mail') mailServer = url;
      proxies[link].target(url);
    },
    /**
     * Begins a fault.
     * @param onHit called for each request of a payment that meets it
     * @returns ends it
     */
    begin: (name: FaultName, onHit: () => void): (() => void) => begin[name](onHit),
  };
}

/** Faults of the requests of payments; all other calls of billing pass. */
function paymentFaults(billing: FaultProxy) {
  function trap(how: Pick<Trap, 'when' | 'trigger' | 'holdMs'>): () => void {
    const disarm = billing.arm({ pattern: PAYMENT, ...how });
    return () => {
      disarm();
      // What it has kept.
      billing.release();
    };
  }
  const act = (onHit: () => void, action: TrapAction) => () => {
    onHit();
    return action;
  };
  return {
    'billing-slow': (onHit) =>
      trap({ when: 'after', holdMs: SLOW_MS, trigger: act(onHit, 'hold') }),
    // Every second answer, so that the repetition of a request gets one.
    'answer-lost'(onHit) {
      const lose = act(onHit, 'cut');
      let answers = 0;
      const trigger = () => {
        answers += 1;
        return answers % 2 === 0 ? 'pass' : lose();
      };
      return trap({ when: 'after', trigger });
    },
    'payment-lost': (onHit) => trap({ when: 'before', trigger: act(onHit, 'cut') }),
  } satisfies Partial<Record<FaultName, Begin>>;
}
