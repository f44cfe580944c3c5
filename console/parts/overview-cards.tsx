import type { ComponentChildren } from 'preact';
import type { Overview } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration, formatNumber } from '../model/format.ts';
import { type Urgency, undecidedOf, type urgencies } from '../model/overview.ts';
import { operator } from '../texts/operator.ts';
import { overview } from '../texts/overview.ts';
import { Card } from './page.tsx';
import { Pill, type Tone } from './values.tsx';

type Orders = NonNullable<Overview['orders']>;
type Notifications = NonNullable<Overview['notifications']>;

/** A count with its name, which links to the page that handles it. */
function Count(props: {
  label: string;
  href?: string;
  tone?: Tone;
  /** The meaning of the colour, in words. */
  mark?: string | null;
  children: ComponentChildren;
}) {
  const { label, href, tone = 'quiet', mark = null, children } = props;
  return (
    <div class={tone === 'quiet' ? 'count' : `count ${tone}`}>
      <dt>{href === undefined ? label : <a href={href}>{label}</a>}</dt>
      <dd class="number">
        {mark !== null && <Pill tone={tone}>{mark}</Pill>}
        {children}
      </dd>
    </div>
  );
}

/** The latest orders by status. */
export function OrdersCard({ orders: { latest }, stale }: { orders: Orders; stale: boolean }) {
  const texts = useTexts(overview);
  const { language } = useConsole();
  const number = (value: number) => formatNumber(value, language);
  const capped = latest.counted >= latest.max;
  return (
    <Card id="overview-orders" title={texts.orders} outdated={stale}>
      <dl class="counts">
        <Count label={texts.statuses.Paid} href="/operator/orders?status=Paid">
          {number(latest.paid)}
        </Count>
        <Count label={texts.statuses.Cancelled} href="/operator/orders?status=Cancelled">
          {number(latest.cancelled)}
        </Count>
        <Count label={texts.statuses.Pending} href="/operator/orders?status=Pending">
          {number(latest.pending)}
        </Count>
      </dl>
      <p class="label">{capped ? texts.latest(number(latest.max)) : texts.allOrders}</p>
    </Card>
  );
}

/** Pending orders by age. */
export function PendingCard(props: { orders: Orders; urgency: Urgency; stale: boolean }) {
  const { orders, urgency, stale } = props;
  const texts = useTexts(overview);
  const { language } = useConsole();
  const { total, oldestMs, byAge } = orders.pending;
  const duration = (ms: number) => formatDuration(ms, language);
  const ageOf = ({ fromMs, toMs }: (typeof byAge)[number]) => {
    if (toMs === null) return texts.older(duration(fromMs));
    return fromMs === 0
      ? texts.younger(duration(toMs))
      : texts.between(duration(fromMs), duration(toMs));
  };
  return (
    <Card id="overview-pending" title={texts.pendingByAge} outdated={stale}>
      {total === 0 ? (
        <p class="quiet">{texts.noPending}</p>
      ) : (
        <>
          {urgency !== 'quiet' && (
            <p class="urgent">
              <Pill tone={urgency}>{texts.tones[urgency]}</Pill> {texts.oldest(duration(oldestMs))}
            </p>
          )}
          <dl class="counts">
            {byAge.map((part) => (
              <Count key={part.fromMs} label={ageOf(part)}>
                {formatNumber(part.count, language)}
              </Count>
            ))}
          </dl>
        </>
      )}
      <p>
        <a href="/operator/pending">{texts.toPending}</a>
      </p>
    </Card>
  );
}

const STATES = ['queued', 'sending', 'sent', 'failed'] as const;

/** Letters by state, and dead letters. */
export function LettersCard(props: {
  notifications: Notifications;
  urgencies: ReturnType<typeof urgencies>;
  stale: boolean;
}) {
  const texts = useTexts(overview);
  const { language } = useConsole();
  const { letters, oldestWaitingMs, deadLetters } = props.notifications;
  const { waitingForConfirmation: held = 0, accountLetters } = props.notifications;
  const { filters } = useTexts(operator).letters;
  const { waiting, failed, deadLetters: dead } = props.urgencies;
  const markOf = (urgency: Urgency) => (urgency === 'quiet' ? null : texts.tones[urgency]);
  const number = (value: number) => formatNumber(value, language);
  const capped = (value: number) => `${number(value)}${value >= letters.max ? '+' : ''}`;
  return (
    <Card id="overview-letters" title={texts.letters} outdated={props.stale}>
      <dl class="counts">
        {STATES.map((state) => (
          <Count key={state} label={filters[state]} href={`/operator/letters?state=${state}`}>
            {capped(letters[state])}
          </Count>
        ))}
        <Count
          label={texts.undecided}
          href="/operator/letters?acknowledged=false"
          tone={failed}
          mark={markOf(failed)}
        >
          {capped(undecidedOf(props.notifications))}
        </Count>
        {held > 0 && <Count label={texts.waitingForConfirmation}>{capped(held)}</Count>}
        {accountLetters !== undefined && accountLetters.failed > 0 && (
          <Count label={texts.accountLettersFailed}>{capped(accountLetters.failed)}</Count>
        )}
        {oldestWaitingMs > 0 && (
          <Count label={texts.oldestWaiting} tone={waiting} mark={markOf(waiting)}>
            {formatDuration(oldestWaitingMs, language)}
          </Count>
        )}
        <Count
          label={texts.deadLetters}
          href="/operator/dead-letters"
          tone={dead}
          mark={markOf(dead)}
        >
          {number(deadLetters)}
        </Count>
      </dl>
    </Card>
  );
}

/** The consumer's position in each partition. */
export function Partitions({ lag }: { lag: NonNullable<Notifications['lag']> }) {
  const texts = useTexts(overview);
  const { language } = useConsole();
  const numbers = { position: texts.position, end: texts.end, lag: texts.behind };
  const columns = Object.entries(numbers) as [keyof typeof numbers, string][];
  return (
    <details class="partitions">
      <summary>{texts.partitions}</summary>
      <table class="table">
        <thead>
          <tr>
            <th scope="col">{texts.partition}</th>
            {columns.map(([name, label]) => (
              <th key={name} scope="col" class="number">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lag.map((row) => (
            <tr key={row.partition}>
              <td data-label={texts.partition}>{row.partition}</td>
              {columns.map(([name, label]) => (
                <td key={name} class="number" data-label={label}>
                  {formatNumber(row[name], language)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}
