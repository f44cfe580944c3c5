import { FaultProxy } from '../faults/fault-proxy.ts';
import { openSmtpServer, type SmtpStep } from '../faults/smtp-server.ts';

/** The services between which and their callers calls can fail: all but the gateway. */
export const CALLEES = [
  'orders',
  'billing',
  'profiles',
  'notifications',
  'identity',
  'webhooks',
] as const;

/** A fault that the test has asked for; `target` is a service, `broker`, `mail` or `all`. */
export interface FaultCommand {
  target: string;
  kind: string;
  options?: FaultOptions;
}

interface FaultOptions {
  ms?: number;
  times?: number;
  permanent?: boolean;
}

export type Links = Awaited<ReturnType<typeof openLinks>>;

// Requests that change something. Reads are answered, so that a test can look at the effect.
const COMMANDS = /^(POST|PUT|PATCH|DELETE) /;

/** Opens the proxies through which all calls between the parts go, and applies faults to them. */
export async function openLinks(open: AsyncDisposableStack) {
  const proxies = new Map<string, FaultProxy>();
  for (const name of [...CALLEES, 'broker', 'mail']) {
    const proxy = await FaultProxy.open();
    open.defer(() => proxy.close());
    proxies.set(name, proxy);
  }
  const proxyOf = (name: string): FaultProxy => {
    const proxy = proxies.get(name);
    if (proxy === undefined) throw new Error(`there is no ${name}`);
    return proxy;
  };
  let step: SmtpStep | undefined;
  const sickMail = await openSmtpServer({ choose: () => step });
  open.defer(() => sickMail.close());
  let mailbox = '';

  /** Ends open connections as well, since the next letter would take one of them. */
  function leadMailTo(url: string): void {
    const mail = proxyOf('mail');
    mail.setMode('cut');
    mail.target(url);
    mail.setMode('pass');
  }

  function heal(target: string): void {
    const proxy = proxyOf(target);
    proxy.setMode('pass');
    proxy.setDelay(0);
    proxy.setFault(null);
    if (target === 'mail') leadMailTo(mailbox);
  }

  function misleadMail(next: SmtpStep): void {
    step = next;
    leadMailTo(sickMail.url);
  }

  const kinds: Record<string, (target: string, options: FaultOptions) => void> = {
    heal,
    away: (target) => proxyOf(target).setMode('cut'),
    hang(target) {
      if (target === 'mail') misleadMail({ at: 'dot', do: 'hang' });
      else proxyOf(target).setMode('black-hole');
    },
    // Half of it on each way.
    slow: (target, { ms = 0 }) => proxyOf(target).setDelay(ms / 2),
    loseAnswers(target, { times }) {
      const many = times === undefined ? {} : { times };
      proxyOf(target).setFault({ kind: 'swallow-answers', requests: COMMANDS, ...many });
    },
    refuse(_target, { permanent = false }) {
      const reply = permanent ? '550 5.1.1 no such mailbox' : '450 4.2.1 mailbox busy';
      misleadMail({ at: 'rcpt', do: 'reply', reply });
    },
  };

  return {
    proxyOf,
    leadMailToMailbox(url: string): void {
      mailbox = url;
      proxyOf('mail').target(url);
    },
    /** @throws Error for a fault that there is not */
    apply({ target, kind, options = {} }: FaultCommand): void {
      const act = kinds[kind];
      if (act === undefined) throw new Error(`there is no fault ${kind}`);
      for (const name of target === 'all' ? proxies.keys() : [target]) act(name, options);
    },
  };
}
