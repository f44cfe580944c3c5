import type { Journey } from '#contracts/gateway.ts';
import type { JourneyStep, Participant } from '#contracts/journey.ts';
import type { OrderEvent } from '#contracts/order-operations.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { prettyJson } from '../model/event-text.ts';
import { formatDuration } from '../model/format.ts';
import { isSync, lengthOf, PARTICIPANTS, type TimedStep, timed } from '../model/journey.ts';
import { journey as journeyTexts } from '../texts/journey.ts';
import { HeadersTable, PlainText } from './letter-tabs.tsx';
import { Notice } from './notices.tsx';
import { Fact } from './values.tsx';

/** The journey of an order: its steps as a diagram and as a list, and the event. */
export function JourneyView({ journey }: { journey: Journey }) {
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  const steps = timed(journey.steps);
  const length = lengthOf(journey.steps);
  return (
    <div class="journey">
      <p class="quiet" role="status">
        {journey.complete ? texts.complete : texts.watching}
        {journey.complete && length !== null && ` ${texts.total(formatDuration(length, language))}`}
      </p>
      {journey.recovery.attempts > 0 && (
        <Notice tone="wait">
          {journey.order.status === 'Pending' ? texts.recovering : texts.recovered}
        </Notice>
      )}
      {journey.unavailable.map((service) => (
        <Notice key={service} tone="wait">
          {texts.unavailable(texts.participants[service])}
        </Notice>
      ))}
      {journey.deadLetter?.state === 'dead' && (
        <Notice tone="bad">
          {texts.deadLetter} <bdi>{journey.deadLetter.error}</bdi>
        </Notice>
      )}
      <SequenceDiagram steps={steps} />
      <p class="quiet">{texts.clocks}</p>
      {journey.traceId !== null && (
        <p class="quiet">
          {texts.trace}: <code>{journey.traceId}</code>
        </p>
      )}
      <div class="columns">
        <section>
          <h3>{texts.steps}</h3>
          <StepList title={texts.sync} steps={steps.filter(({ step }) => isSync(step))} />
          <StepList title={texts.async} steps={steps.filter(({ step }) => !isSync(step))} />
        </section>
        {journey.event !== null && <EventView event={journey.event} />}
      </div>
    </div>
  );
}

function StepList({ title, steps }: { title: string; steps: TimedStep[] }) {
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  if (steps.length === 0) return null;
  return (
    <>
      <p class="steps-title">{title}</p>
      <ol class="steps">
        {steps.map(({ step, sinceStartMs }, index) => (
          <li key={index} class={`step-line ${step.outcome}`}>
            <span class="step-when" title={sinceStartMs === null ? texts.noMoment : undefined}>
              {sinceStartMs === null ? '' : texts.after(formatDuration(sinceStartMs, language))}
            </span>
            <span>
              <span class="step-what">
                {texts.participants[step.from]}
                {step.from !== step.to && ` → ${texts.participants[step.to]}`}
                {': '}
                {texts.kinds[step.kind]}
              </span>
              <StepDetail step={step} />
            </span>
          </li>
        ))}
      </ol>
    </>
  );
}

function StepDetail({ step }: { step: JourneyStep }) {
  const texts = useTexts(journeyTexts);
  const { detail, outcome, attempt, kind } = step;
  const place = /^(\d+)\/(\d+)$/.exec(detail ?? '');
  const words = [
    attempt !== null && kind === 'send' ? texts.attempt(attempt) : null,
    texts.outcomes[outcome] || null,
    place !== null && (kind === 'publish' || kind === 'receive')
      ? texts.placeOf(Number(place[1]), Number(place[2]))
      : detail && (texts.decisions[detail] ?? detail),
  ].filter(Boolean);
  return words.length === 0 ? null : <span class="step-detail">{words.join(' · ')}</span>;
}

function EventView({ event }: { event: OrderEvent }) {
  const texts = useTexts(journeyTexts);
  return (
    <section class="event">
      <h3>{texts.event}</h3>
      <dl class="facts stacked">
        <Fact label={texts.place}>
          <code>{event.topic}</code>
          {event.partition !== null && event.offset !== null
            ? `, ${texts.placeOf(event.partition, event.offset)}`
            : `, ${texts.notPublished}`}
        </Fact>
        <Fact label={texts.published} at={event.publishedAt} />
        <Fact label={texts.key} code={event.key} />
      </dl>
      {event.headers.length > 0 && (
        <details>
          <summary>
            {texts.headers} ({event.headers.length})
          </summary>
          <HeadersTable label={texts.headers} headers={event.headers} />
        </details>
      )}
      {event.value !== null && (
        <details>
          <summary>{texts.payload}</summary>
          <PlainText text={prettyJson(event.value)} />
        </details>
      )}
    </section>
  );
}

// Units of the drawing; the styles scale it.
const GUTTER = 74;
const COLUMN = 112;
const HEAD = 56;
const ROW = 40;
const WIDTH = GUTTER + COLUMN * PARTICIPANTS.length;

const xOf = (participant: Participant) =>
  GUTTER + COLUMN * (PARTICIPANTS.indexOf(participant) + 0.5);

// Responses are dashed, as usual in sequence diagrams.
const DASHED: JourneyStep['kind'][] = ['answer', 'reply'];

/** The steps as a sequence diagram; screen readers use the list of steps instead. */
function SequenceDiagram({ steps }: { steps: TimedStep[] }) {
  const texts = useTexts(journeyTexts);
  const firstAsync = steps.findIndex(({ step }) => !isSync(step));
  const rowOf = (index: number) =>
    HEAD + ROW * (index + 1 + (firstAsync >= 0 && index >= firstAsync ? 1 : 0));
  const height = rowOf(steps.length - 1) + ROW;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="diagram" tabIndex={0} aria-label={texts.diagram}>
      <svg
        viewBox={`0 0 ${WIDTH} ${height}`}
        width={WIDTH}
        height={height}
        role="img"
        aria-label={texts.diagram}
      >
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            orient="auto-start-reverse"
          >
            <path d="M0.5 0.5 7.5 4 0.5 7.5z" class="arrow-head" />
          </marker>
        </defs>
        {PARTICIPANTS.map((participant) => (
          <Column key={participant} participant={participant} height={height} />
        ))}
        {firstAsync >= 0 && <Divider y={rowOf(firstAsync) - ROW} text={texts.async} />}
        {steps.map((timedStep, index) => (
          <Arrow key={index} timedStep={timedStep} y={rowOf(index)} />
        ))}
      </svg>
    </section>
  );
}

function Column({ participant, height }: { participant: Participant; height: number }) {
  const texts = useTexts(journeyTexts);
  const x = xOf(participant);
  return (
    <g>
      <line x1={x} x2={x} y1={HEAD - 14} y2={height - 8} class="lifeline" />
      <rect x={x - COLUMN / 2 + 4} y={10} width={COLUMN - 8} height={30} rx={8} class="head" />
      <text x={x} y={29.5} class="head-name">
        {texts.participants[participant]}
      </text>
    </g>
  );
}

function Divider({ y, text }: { y: number; text: string }) {
  return (
    <g>
      <line x1={0} x2={WIDTH} y1={y + 4} y2={y + 4} class="divider" />
      <text x={WIDTH / 2} y={y + 8} class="divider-text">
        {text}
      </text>
    </g>
  );
}

function Arrow({ timedStep, y }: { timedStep: TimedStep; y: number }) {
  const { step, sinceStartMs } = timedStep;
  const { language } = useConsole();
  const [from, to] = [xOf(step.from), xOf(step.to)];
  const self = step.from === step.to;
  const dashed = DASHED.includes(step.kind) ? ' dashed' : '';
  // In the middle of an arrow, or right of an arrow that returns to its own column.
  const labelX = self ? from + 34 : (from + to) / 2;
  const gap = to > from ? -5 : 5;
  return (
    <g class={`step ${step.outcome}${dashed}`}>
      {sinceStartMs !== null && (
        <text x={GUTTER - 10} y={y + 4} class="when">
          +{formatDuration(sinceStartMs, language)}
        </text>
      )}
      {self ? (
        <path d={`M${from} ${y - 8} h26 v16 h-22`} class="arrow" marker-end="url(#arrow)" />
      ) : (
        <line x1={from} x2={to + gap} y1={y} y2={y} class="arrow" marker-end="url(#arrow)" />
      )}
      <text x={labelX} y={self ? y + 3 : y - 7} class={self ? 'label start' : 'label'}>
        <ArrowText step={step} />
      </text>
    </g>
  );
}

function ArrowText({ step }: { step: JourneyStep }) {
  const texts = useTexts(journeyTexts);
  const { kind, detail } = step;
  if (kind === 'answer')
    return <>{(detail && texts.decisions[detail]) ?? texts.outcomes.unknown}</>;
  if (kind === 'reply') return <>{detail?.split(' ', 1)[0] ?? texts.outcomes[step.outcome]}</>;
  if (kind === 'decide' || kind === 'record') {
    const word = detail === null ? null : (texts.decisions[detail] ?? detail);
    return <>{word === null ? texts.kinds[kind] : `${texts.kinds[kind]}: ${word}`}</>;
  }
  return <>{texts.kinds[kind]}</>;
}
