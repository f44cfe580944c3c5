import type { Overview } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { type KnownParts, undecidedOf, type urgencies } from '../model/overview.ts';
import { overview } from '../texts/overview.ts';
import { Notice } from './notices.tsx';
import { Moment } from './values.tsx';

/** What needs a person, each with the page that handles it; otherwise that nothing does. */
export function Attention(props: {
  known: KnownParts;
  urgent: ReturnType<typeof urgencies>;
  /** The figures are old, so they do not show that all is well. */
  uncertain: boolean;
}) {
  const { known, urgent, uncertain } = props;
  const texts = useTexts(overview);
  const { language } = useConsole();
  const number = (value: number) => formatNumber(value, language);
  const orders = known.orders?.value;
  const notifications = known.notifications?.value;
  const items: { key: string; text: string; href?: string }[] = [];
  if (notifications && urgent.failed !== 'quiet') {
    const count = undecidedOf(notifications);
    const capped = count >= notifications.letters.max ? '+' : '';
    items.push({
      key: 'failed',
      text: texts.attention.failed(`${number(count)}${capped}`),
      href: '/operator/letters?acknowledged=false',
    });
  }
  if (notifications && urgent.deadLetters !== 'quiet') {
    const text = texts.attention.deadLetters(number(notifications.deadLetters));
    items.push({ key: 'dead', text, href: '/operator/dead-letters' });
  }
  if (orders && urgent.pending !== 'quiet') {
    const text = texts.attention.pending(number(orders.pending.total));
    items.push({ key: 'pending', text, href: '/operator/pending' });
  }
  if (urgent.waiting !== 'quiet') {
    items.push({
      key: 'waiting',
      text: texts.attention.waiting,
      href: '/operator/letters?state=queued',
    });
  }
  if (urgent.outbox !== 'quiet') items.push({ key: 'outbox', text: texts.attention.outbox });
  if (urgent.lag !== 'quiet') items.push({ key: 'lag', text: texts.attention.lag });
  if (items.length === 0) {
    return uncertain ? null : <Notice tone="good">{texts.attention.nothing}</Notice>;
  }
  return (
    <section class="notice bad attention" aria-labelledby="overview-attention">
      <h2 id="overview-attention" class="notice-title">
        {texts.attention.title}
      </h2>
      <ul>
        {items.map(({ key, text, href }) => (
          <li key={key}>{href === undefined ? text : <a href={href}>{text}</a>}</li>
        ))}
      </ul>
    </section>
  );
}

/** Refusals and pauses of mail servers, contacts that tokens lack: what an administrator corrects. */
export function Faults({ data }: { data: Overview }) {
  const texts = useTexts(overview);
  const { language } = useConsole();
  const { gateway, notifications } = data;
  return (
    <>
      {notifications?.refusals?.map(({ at, fault, response }) => (
        <Notice key={fault} tone="bad">
          <p>{texts.refused(response)}</p>
          <p>
            {texts.refusalFix[fault]} {texts.refusedAt} <Moment at={at} />
          </p>
        </Notice>
      ))}
      {notifications?.mail?.providers
        .filter(({ state }) => state !== 'closed')
        .map(({ fault, nextAttemptAt, provider, since }) => (
          <Notice key={provider} tone="bad">
            <p>{texts.paused(provider, fault?.text ?? '')}</p>
            <p>
              {fault && texts.refusalFix[fault.kind]} {texts.pausedSince} <Moment at={since} />
              {nextAttemptAt !== null && (
                <>
                  {' '}
                  {texts.nextAttempt} <Moment at={nextAttemptAt} />
                </>
              )}
            </p>
          </Notice>
        ))}
      {gateway?.contactFaults.map(({ claim, fault, customers, latestAt }) => (
        <Notice key={`${claim} ${fault}`} tone="wait">
          <p>
            {texts.contactFault(
              claim,
              texts.contactFaults[fault],
              formatNumber(customers, language),
            )}
          </p>
          <p>
            {texts.contactFix} {texts.latestFault} <Moment at={latestAt} />
          </p>
        </Notice>
      ))}
    </>
  );
}
