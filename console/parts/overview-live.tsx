import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration, formatNumber } from '../model/format.ts';
import {
  type KnownParts,
  lagOf,
  type Urgency,
  type urgencies,
  waitingOf,
} from '../model/overview.ts';
import type { Charts } from '../model/overview-history.ts';
import { linesOf, rangeOf, type Sample } from '../model/samples.ts';
import { overview } from '../texts/overview.ts';
import { Pill } from './values.tsx';

/** The four live figures with their charts. */
export function LiveFigures(props: {
  known: KnownParts;
  urgent: ReturnType<typeof urgencies>;
  charts: Charts;
}) {
  const { known, urgent, charts } = props;
  const texts = useTexts(overview);
  const { language } = useConsole();
  const orders = known.orders?.value ?? null;
  const notifications = known.notifications?.value ?? null;
  const ordersStale = known.orders?.stale ?? false;
  const lettersStale = known.notifications?.stale ?? false;
  const number = (value: number) => formatNumber(value, language);
  const age = (ms: number) => (ms === 0 ? texts.empty : texts.oldest(formatDuration(ms, language)));
  const lag = notifications && lagOf(notifications);
  const waiting = notifications && waitingOf(notifications);
  return (
    <ul class="live">
      <Figure
        label={texts.placedRate}
        value={orders && number(orders.rates.placed)}
        note={orders && texts.ended(number(orders.rates.paid), number(orders.rates.cancelled))}
        href="/operator/orders"
        stale={ordersStale}
        samples={charts.placed}
      />
      <Figure
        label={texts.outbox}
        value={orders?.outbox ? number(orders.outbox.unpublished) : null}
        note={orders && (orders.outbox === null ? texts.foreignRelay : age(orders.outbox.oldestMs))}
        urgency={urgent.outbox}
        stale={ordersStale}
        samples={charts.outbox}
      />
      <Figure
        label={texts.lag}
        value={lag === null ? null : number(lag)}
        note={
          notifications &&
          (lag === null
            ? texts.brokerAway
            : texts.perSecondSent(number(notifications.sentPerSecond)))
        }
        urgency={urgent.lag}
        stale={lettersStale}
        samples={charts.lag}
      />
      <Figure
        label={texts.waiting}
        value={waiting && `${number(waiting.count)}${waiting.capped ? '+' : ''}`}
        note={notifications && age(notifications.oldestWaitingMs)}
        urgency={urgent.waiting}
        href="/operator/letters?state=queued"
        stale={lettersStale}
        samples={charts.waiting}
      />
    </ul>
  );
}

function Figure(props: {
  label: string;
  /** Null if unknown. */
  value: string | null;
  note: string | null;
  urgency?: Urgency;
  /** The page that handles it. */
  href?: string;
  stale: boolean;
  samples: Sample[];
}) {
  const texts = useTexts(overview);
  const { language } = useConsole();
  const { label, value, note, urgency = 'quiet', href, stale, samples } = props;
  const format = (sample: number) => formatNumber(sample, language);
  const classes = ['card figure-card', urgency !== 'quiet' && urgency, stale && 'outdated'];
  return (
    <li class={classes.filter(Boolean).join(' ')}>
      <h3>{href === undefined ? label : <a href={href}>{label}</a>}</h3>
      <p class="figure">
        {value ?? <span class="no-data">{texts.unknown}</span>}
        {urgency !== 'quiet' && <Pill tone={urgency}>{texts.tones[urgency]}</Pill>}
      </p>
      <p class="label">{note ?? ' '}</p>
      <Sparkline what={label} samples={samples} format={format} />
    </li>
  );
}

// Units of the drawing, which is stretched to its container.
const SIZE = { width: 300, height: 40 };
const EDGE = 3;

/** The last hour of a figure, as a line and in words. */
function Sparkline(props: { what: string; samples: Sample[]; format: (value: number) => string }) {
  const texts = useTexts(overview);
  const { what, samples, format } = props;
  const range = rangeOf(samples);
  const words =
    range === null
      ? texts.noChart(what)
      : texts.chart(what, format(range.last), format(range.min), format(range.max));
  return (
    <figure class="sparkline">
      <svg
        viewBox={`0 ${-EDGE} ${SIZE.width} ${SIZE.height + 2 * EDGE}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={words}
      >
        <line x1="0" x2={SIZE.width} y1={SIZE.height} y2={SIZE.height} class="ground" />
        {linesOf(samples, SIZE).map((line) => (
          // A lone point is drawn by the round end of a line without length.
          <path key={line} d={`${line}h0`} class="drawn" />
        ))}
      </svg>
      <figcaption aria-hidden="true">
        <span>{texts.hourAgo}</span>
        <span>{range && texts.chartMax(format(range.max))}</span>
        <span>{texts.rightNow}</span>
      </figcaption>
    </figure>
  );
}
