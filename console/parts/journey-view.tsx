import type { Journey } from '#contracts/gateway.ts';
import type { JourneyStep } from '#contracts/journey.ts';
import type { OrderEvent } from '#contracts/order-operations.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { prettyJson } from '../model/event-text.ts';
import { formatDuration } from '../model/format.ts';
import { isSync, lengthOf, type TimedStep, timed } from '../model/journey.ts';
import { journey as journeyTexts } from '../texts/journey.ts';
import { Fact } from './fact.tsx';
import { HeadersTable } from './headers-table.tsx';
import { PlainText } from './letter-tabs.tsx';
import { Notice } from './notices.tsx';
import { SequenceDiagram } from './sequence-diagram.tsx';
import { Moment } from './values.tsx';

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
          {texts.deadLetter} {journey.deadLetter.error}
        </Notice>
      )}
      <SequenceDiagram steps={steps} />
      <p class="quiet">{texts.clocks}</p>
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
        {event.publishedAt !== null && (
          <Fact label={texts.published}>
            <Moment at={event.publishedAt} />
          </Fact>
        )}
        <Fact label={texts.key}>
          <code>{event.key}</code>
        </Fact>
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
