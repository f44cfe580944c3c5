import type { ComponentChildren } from 'preact';
import type { Journey } from '#contracts/gateway.ts';
import type { JourneyStep } from '#contracts/journey.ts';
import type { LetterAttempt } from '#contracts/notifications.ts';
import type { OrderEvent } from '#contracts/order-operations.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { prettyJson } from '../model/event-text.ts';
import { formatDuration, formatMomentExactly } from '../model/format.ts';
import type { AttemptRow } from '../model/journey.ts';
import type { TimedStep } from '../model/journey-time.ts';
import { journey as journeyTexts } from '../texts/journey.ts';
import { Copyable } from './copy-button.tsx';
import type { Reader } from './journey-view.tsx';
import { detailText } from './journey-words.ts';
import { HeadersTable, PlainText } from './letter-tabs.tsx';
import { Fact } from './values.tsx';

interface Context {
  journey: Journey;
  reader: Reader;
}

/** All that is known of one step: its moment and result, and the records that it left. */
export function StepDetails(props: { timed: TimedStep } & Context) {
  const { timed, journey, reader } = props;
  return (
    <>
      <StepFacts timed={timed} />
      <RecordsOf step={timed.step} journey={journey} reader={reader} />
    </>
  );
}

/** The steps of one attempt, and its record. */
export function AttemptDetails({ attempt, ...context }: { attempt: AttemptRow } & Context) {
  const texts = useTexts(journeyTexts);
  const [first] = attempt.steps;
  return (
    <>
      {attempt.steps.map((timed) => (
        <section key={timed.key}>
          <h4>{texts.kinds[timed.step.kind]}</h4>
          <StepFacts timed={timed} />
        </section>
      ))}
      {first !== undefined && <RecordsOf step={first.step} {...context} />}
    </>
  );
}

function StepFacts({ timed }: { timed: TimedStep }) {
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  const { step, adjusted, duration } = timed;
  const words = texts.details;
  const detail = detailText(step, texts);
  const took = duration && formatDuration(duration.ms, language);
  return (
    <>
      <dl class="facts">
        <Fact label={words.at}>
          {step.at === null ? (
            words.notRecorded
          ) : (
            <time dateTime={step.at}>{formatMomentExactly(step.at, language)}</time>
          )}
        </Fact>
        <Fact label={words.route}>
          {texts.participants[step.from]} → {texts.participants[step.to]}
        </Fact>
        {took !== null && duration !== null && (
          <Fact label={words.duration}>{duration.recorded ? took : words.between(took)}</Fact>
        )}
        <Fact label={words.outcome}>{texts.outcomes[step.outcome] || words.done}</Fact>
        {step.attempt !== null && <Fact label={words.attempt}>{step.attempt}</Fact>}
        {detail !== '' && <Fact label={words.detail} text={detail} />}
      </dl>
      {adjusted && <p class="quiet">{words.adjusted}</p>}
    </>
  );
}

/** The records of the services that belong to a step. */
function RecordsOf({ step, journey, reader }: { step: JourneyStep } & Context) {
  const texts = useTexts(journeyTexts);
  const { order, payment, recovery, event } = journey;
  switch (step.kind) {
    case 'request':
    case 'create':
    case 'record':
    case 'answer':
      return <Raw title={texts.raw.order} value={order} />;
    case 'decide':
      return <PaymentRecord payment={payment} />;
    case 'recover':
      return <Raw title={texts.raw.recovery} value={recovery} />;
    case 'publish':
    case 'receive':
      return (
        <>
          {event !== null && <EventRecord event={event} />}
          {step.kind === 'receive' && <DeadLetterRecord journey={journey} reader={reader} />}
        </>
      );
    default:
      return <LetterRecord number={step.attempt} journey={journey} reader={reader} />;
  }
}

function PaymentRecord({ payment }: Pick<Journey, 'payment'>) {
  const texts = useTexts(journeyTexts);
  const operation = payment?.operation ?? null;
  if (payment === null) return null;
  return (
    <>
      {operation !== null && (
        <dl class="facts">
          <Fact label={texts.details.operation}>
            <Copyable text={operation.id} what={texts.details.operation} />
          </Fact>
        </dl>
      )}
      <Raw title={texts.raw.payment} value={payment} />
    </>
  );
}

function EventRecord({ event }: { event: OrderEvent }) {
  const texts = useTexts(journeyTexts);
  const { topic, partition, offset, headers, value } = event;
  return (
    <>
      <dl class="facts">
        <Fact label={texts.place}>
          <code>{topic}</code>
          {partition !== null && offset !== null
            ? `, ${texts.placeOf(partition, offset)}`
            : `, ${texts.notPublished}`}
        </Fact>
        <Fact label={texts.published} at={event.publishedAt} />
        <Fact label={texts.key} code={event.key} />
      </dl>
      {headers.length > 0 && (
        <Inner title={`${texts.headers} (${headers.length})`}>
          <HeadersTable label={texts.headers} headers={headers} />
        </Inner>
      )}
      {value !== null && (
        <Inner title={texts.payload}>
          <PlainText text={prettyJson(value)} />
        </Inner>
      )}
      <Raw title={texts.raw.event} value={event} />
    </>
  );
}

function DeadLetterRecord({ journey: { deadLetter }, reader }: Context) {
  const texts = useTexts(journeyTexts);
  if (deadLetter === null) return null;
  return (
    <>
      {reader === 'operator' && (
        <p>
          {texts.details.deadLetter}:{' '}
          <a href={`/operator/dead-letters/${deadLetter.id}`}>{texts.details.open}</a>
        </p>
      )}
      <Raw title={texts.raw.deadLetter} value={deadLetter} />
    </>
  );
}

function LetterRecord({ number, journey, reader }: { number: number | null } & Context) {
  const texts = useTexts(journeyTexts);
  const { letter } = journey;
  if (letter === null) return null;
  const attempt: LetterAttempt | undefined = letter.attempts.find((each) => each.number === number);
  // The letter has its own page; its texts would hide the rest here.
  const { html: _html, text: _text, attempts: _attempts, ...summary } = letter;
  const folder = reader === 'operator' ? '/operator/letters' : '/letters';
  return (
    <>
      <dl class="facts">
        <Fact label={texts.details.letter}>
          <a href={`${folder}/${letter.id}`}>{texts.details.openLetter}</a>
        </Fact>
        <Fact label={texts.details.messageId}>
          <Copyable text={letter.messageId} what={texts.details.messageId} />
        </Fact>
        {attempt?.traceId && (
          <Fact label={texts.trace}>
            <Copyable text={attempt.traceId} what={texts.trace} />
          </Fact>
        )}
      </dl>
      {letter.headers !== null && (
        <Inner title={`${texts.letterHeaders} (${letter.headers.length})`}>
          <HeadersTable label={texts.letterHeaders} headers={letter.headers} />
        </Inner>
      )}
      {attempt !== undefined && <Raw title={texts.raw.attempt} value={attempt} />}
      <Raw title={texts.raw.letter} value={summary} />
    </>
  );
}

function Inner({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <details class="inner">
      <summary>{title}</summary>
      {children}
    </details>
  );
}

function Raw({ title, value }: { title: string; value: unknown }) {
  return (
    <Inner title={title}>
      <PlainText text={JSON.stringify(value, null, 2)} />
    </Inner>
  );
}
