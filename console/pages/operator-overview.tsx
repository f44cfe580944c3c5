import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { Overview } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { isOrderId } from '../model/event-text.ts';
import { formatDuration, formatNumber } from '../model/format.ts';
import { useLoad } from '../model/load.ts';
import { lagOf, type Urgency, urgencies, waitingOf } from '../model/overview.ts';
import { linesOf, rangeOf, type Sample, withSample } from '../model/samples.ts';
import { Form, TextField } from '../parts/form.tsx';
import { Loading, Notice } from '../parts/notices.tsx';
import { LettersCard, OrdersCard, Partitions, PendingCard } from '../parts/overview-cards.tsx';
import { Button, Page } from '../parts/page.tsx';
import { Moment, Pill } from '../parts/values.tsx';
import { overview } from '../texts/overview.ts';

const REFRESH_MS = 2_000;

/** The state of the system, now and in the last minutes. */
export function OperatorOverviewPage() {
  const texts = useTexts(overview);
  const { api, language } = useConsole();
  const number = (value: number) => formatNumber(value, language);
  const loaded = useLoad(
    'overview',
    (signal) => api.read<Overview>('/v1/operator/overview', { signal }),
    REFRESH_MS,
  );
  const history = useHistory(loaded.data);
  return (
    <Page
      title={texts.title}
      lead={texts.lead}
      actions={
        <a class="button" href="/operator/wallets">
          {texts.topUp}
        </a>
      }
    >
      <Loading loaded={loaded}>
        {(data) => (
          <>
            {data.orders === null && <Notice tone="wait">{texts.ordersAway}</Notice>}
            {data.notifications === null && <Notice tone="wait">{texts.notificationsAway}</Notice>}
            {data.notifications?.refusals?.map(({ at, fault, response }) => (
              <Notice key={fault} tone="bad">
                <p>{texts.refused(response)}</p>
                <p>
                  {texts.refusalFix[fault]} {texts.refusedAt} <Moment at={at} />
                </p>
              </Notice>
            ))}
            {data.notifications?.mail?.providers
              .filter(({ state }) => state !== 'closed')
              .map(({ fault, nextAttemptAt, provider, since }) => (
                <Notice key={provider} tone="bad">
                  <p>{texts.paused(provider, fault?.text ?? '')}</p>
                  <p>
                    {fault && texts.refusalFix[fault.kind]} {texts.pausedSince}{' '}
                    <Moment at={since} />
                    {nextAttemptAt !== null && (
                      <>
                        {' '}
                        {texts.nextAttempt} <Moment at={nextAttemptAt} />
                      </>
                    )}
                  </p>
                </Notice>
              ))}
            {data.gateway?.contactFaults.map(({ claim, fault, customers, latestAt }) => (
              <Notice key={`${claim} ${fault}`} tone="wait">
                <p>{texts.contactFault(claim, texts.contactFaults[fault], number(customers))}</p>
                <p>
                  {texts.contactFix} {texts.latestFault} <Moment at={latestAt} />
                </p>
              </Notice>
            ))}
            <h2 class="unseen">{texts.now}</h2>
            <Live data={data} history={history} />
            <div class="columns">
              {data.orders !== null && <OrdersCard orders={data.orders} />}
              {data.orders !== null && (
                <PendingCard orders={data.orders} urgency={urgencies(data).pending} />
              )}
              {data.notifications !== null && (
                <LettersCard notifications={data.notifications} urgencies={urgencies(data)} />
              )}
            </div>
            {data.notifications?.lag && <Partitions lag={data.notifications.lag} />}
          </>
        )}
      </Loading>
      <FindOrder />
    </Page>
  );
}

const SERIES = ['placed', 'outbox', 'lag', 'waiting'] as const;
type Series = (typeof SERIES)[number];
type History = Record<Series, Sample[]>;

const NO_HISTORY: History = { placed: [], outbox: [], lag: [], waiting: [] };

/** The samples of each figure since the page was opened. */
function useHistory(data: Overview | null): History {
  const [history, setHistory] = useState(NO_HISTORY);
  useEffect(() => {
    if (data === null) return;
    const { orders, notifications } = data;
    const values: Record<Series, number | null> = {
      placed: orders?.rates.placed ?? null,
      outbox: orders?.outbox?.unpublished ?? null,
      lag: notifications && lagOf(notifications),
      waiting: notifications && waitingOf(notifications).count,
    };
    const at = Date.parse(data.at);
    setHistory(
      (last) =>
        Object.fromEntries(
          SERIES.map((name) => [name, withSample(last[name], { at, value: values[name] })]),
        ) as History,
    );
  }, [data]);
  return history;
}

/** The four live figures with their charts. */
function Live({ data, history }: { data: Overview; history: History }) {
  const texts = useTexts(overview);
  const { language } = useConsole();
  const { orders, notifications } = data;
  const urgent = urgencies(data);
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
        samples={history.placed}
      />
      <Figure
        label={texts.outbox}
        value={orders?.outbox ? number(orders.outbox.unpublished) : null}
        note={orders && (orders.outbox === null ? texts.foreignRelay : age(orders.outbox.oldestMs))}
        urgency={urgent.outbox}
        samples={history.outbox}
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
        samples={history.lag}
      />
      <Figure
        label={texts.waiting}
        value={waiting && `${number(waiting.count)}${waiting.capped ? '+' : ''}`}
        note={notifications && age(notifications.oldestWaitingMs)}
        urgency={urgent.waiting}
        href="/operator/letters?state=queued"
        samples={history.waiting}
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
  samples: Sample[];
}) {
  const texts = useTexts(overview);
  const { language } = useConsole();
  const { label, value, note, urgency = 'quiet', href, samples } = props;
  const format = (sample: number) => formatNumber(sample, language);
  return (
    <li class={urgency === 'quiet' ? 'card figure-card' : `card figure-card ${urgency}`}>
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

/** The last five minutes of a figure, as a line and in words. */
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
      <figcaption aria-hidden="true">{range && texts.chartMax(format(range.max))}</figcaption>
    </figure>
  );
}

/** Opens any order by its id. */
function FindOrder() {
  const texts = useTexts(overview);
  const { route } = useLocation();
  const [id, setId] = useState('');
  const [wrong, setWrong] = useState(false);
  const submit = () => {
    const valid = isOrderId(id.trim());
    setWrong(!valid);
    if (valid) route(`/operator/orders/${id.trim()}`);
  };
  return (
    <Form class="card find-order" onSubmit={submit}>
      <TextField
        label={texts.find}
        violation={wrong ? texts.findViolation : null}
        value={id}
        onChange={setId}
        input={{ spellcheck: false, autoComplete: 'off' }}
      />
      <Button text={texts.open} />
    </Form>
  );
}
