import type { ComponentChildren } from 'preact';
import type { Journey } from '#contracts/gateway.ts';
import type { Resend } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatCountdown, formatDuration } from '../model/format.ts';
import { type Ending, endingOf, type Next, nextOf, partsOf } from '../model/journey.ts';
import { lengthOf, timed } from '../model/journey-time.ts';
import { useTicking } from '../model/ticking.ts';
import { journey as journeyTexts } from '../texts/journey.ts';
import { Copyable } from './copy-button.tsx';
import { SequenceDiagram } from './journey-diagram.tsx';
import { JourneyExport } from './journey-export.tsx';
import { Timeline } from './journey-timeline.tsx';
import { Notice } from './notices.tsx';
import { Fact, Moment, type Tone } from './values.tsx';

/** Who reads a journey: their links lead to their own pages. */
export type Reader = 'customer' | 'operator';

/** The journey of an order: how it stands, its steps as a timeline, and as a diagram. */
export function JourneyView({ journey, reader }: { journey: Journey; reader: Reader }) {
  const texts = useTexts(journeyTexts);
  const parts = partsOf(journey.steps);
  return (
    <div class="journey">
      <EndingNotice journey={journey} reader={reader} />
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
      <Facts journey={journey} />
      <Timeline parts={parts} journey={journey} reader={reader} />
      <SequenceDiagram parts={parts} />
      <JourneyExport journey={journey} />
    </div>
  );
}

const TONES: Record<Ending, Tone> = {
  open: 'wait',
  delivered: 'good',
  failed: 'bad',
  discarded: 'quiet',
  expired: 'quiet',
};

function EndingNotice({ journey, reader }: { journey: Journey; reader: Reader }) {
  const texts = useTexts(journeyTexts);
  const ending = endingOf(journey);
  const next = nextOf(journey);
  return (
    <div class={`notice ${TONES[ending]}`}>
      {/* Only this is announced: the countdown changes every second. */}
      <p role="status">
        {texts.endings[ending]}
        {ending === 'failed' && ` ${texts.failedNext[reader]}`}
      </p>
      {next !== null && (
        <p>
          {texts.next}: {texts.nexts[next.kind]}
          <When next={next} />
        </p>
      )}
    </div>
  );
}

const TICK_MS = 1_000;

/** When the next step comes, counted down by the server's clock. */
function When({ next: { at } }: { next: Next }) {
  return at === null ? null : <Countdown at={at} />;
}

function Countdown({ at }: { at: string }) {
  const texts = useTexts(journeyTexts);
  const { api, language } = useConsole();
  useTicking(TICK_MS);
  const leftMs = Date.parse(at) - api.now();
  if (leftMs <= 0) return <>, {texts.anyMoment}</>;
  return (
    <>
      , {texts.inTime(formatCountdown(leftMs, language))} (<Moment at={at} />)
    </>
  );
}

function Facts({ journey }: { journey: Journey }) {
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  const { waitedMs, traceId, resends = [] } = journey;
  const length = lengthOf(timed(journey.steps));
  const facts: [string, ComponentChildren][] = [];
  if (waitedMs !== undefined && waitedMs !== null) {
    facts.push([texts.waited, formatDuration(waitedMs, language)]);
  }
  if (length !== null && endingOf(journey) !== 'open') {
    facts.push([texts.length, formatDuration(length, language)]);
  }
  if (traceId !== null) facts.push([texts.trace, <Copyable text={traceId} what={texts.trace} />]);
  if (resends.length > 0) facts.push([texts.resends, <Resends resends={resends} />]);
  if (facts.length === 0) return null;
  return (
    <dl class="facts">
      {facts.map(([label, value]) => (
        <Fact key={label} label={label}>
          {value}
        </Fact>
      ))}
    </dl>
  );
}

function Resends({ resends }: { resends: Resend[] }) {
  const texts = useTexts(journeyTexts);
  return (
    <ul>
      {resends.map(({ at, by, actor }, index) => (
        <li key={index}>
          <Moment at={at} /> {texts.resentBy[by]}
          {actor && (
            <>
              {' '}
              <code>{actor}</code>
            </>
          )}
        </li>
      ))}
    </ul>
  );
}
