import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Journey } from '#contracts/gateway.ts';
import type { JourneyStep } from '#contracts/journey.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration, formatPeriod } from '../model/format.ts';
import type { AttemptRow, AttemptsRow, Bar, JourneyPart, Row, StepRow } from '../model/journey.ts';
import type { TimedStep } from '../model/journey-time.ts';
import { journey as journeyTexts } from '../texts/journey.ts';
import { AttemptDetails, StepDetails } from './journey-details.tsx';
import type { Reader } from './journey-view.tsx';
import { outcomeText } from './journey-words.ts';

interface Context {
  journey: Journey;
  reader: Reader;
}

/** The steps from top to bottom, each with its duration as a bar, and with its records inside. */
export function Timeline(props: { parts: JourneyPart[] } & Context) {
  const { parts, ...context } = props;
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  return (
    <section class="card timeline" aria-label={texts.steps}>
      {parts.map(({ name, scaleMs, rows }) => (
        <div key={name} class="timeline-part">
          <h3>{texts.parts[name]}</h3>
          {scaleMs > 0 && <p class="quiet">{texts.scale(formatDuration(scaleMs, language))}</p>}
          <ol class="steps">
            {rows.map((row) => (
              <RowView key={row.key} row={row} {...context} />
            ))}
          </ol>
        </div>
      ))}
    </section>
  );
}

function RowView({ row, ...context }: { row: Row } & Context) {
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  if (row.type === 'pause') {
    return <li class="pause">{texts.pause(formatDuration(row.ms, language))}</li>;
  }
  return row.type === 'step' ? (
    <StepView row={row} {...context} />
  ) : (
    <AttemptsView row={row} {...context} />
  );
}

/** A row that opens. Its content is drawn when it is open: a letter can have 50 attempts. */
function Opening(props: {
  outcome: JourneyStep['outcome'];
  summary: ComponentChildren;
  children: () => ComponentChildren;
}) {
  const [open, setOpen] = useState(false);
  return (
    <li class={`step-line ${props.outcome}`}>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{props.summary}</summary>
        {open && <div class="step-inside">{props.children()}</div>}
      </details>
    </li>
  );
}

function StepView({ row: { timed, bar }, ...context }: { row: StepRow } & Context) {
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  const { step, sinceStartMs } = timed;
  return (
    <Opening
      outcome={step.outcome}
      summary={
        <>
          <span class="step-when">
            {sinceStartMs !== null && texts.after(formatDuration(sinceStartMs, language))}
          </span>
          <span class="step-words">
            <StepName step={step} />
            <span class="step-detail">{outcomeText(step, texts)}</span>
          </span>
          <BarView bars={[bar]} outcome={step.outcome}>
            <DurationOf timed={timed} />
          </BarView>
        </>
      }
    >
      {() => <StepDetails timed={timed} {...context} />}
    </Opening>
  );
}

function StepName({ step: { from, to, kind } }: { step: JourneyStep }) {
  const texts = useTexts(journeyTexts);
  return (
    <span class="step-what">
      {texts.participants[from]}
      {from !== to && ` → ${texts.participants[to]}`}
      {': '}
      {texts.kinds[kind]}
    </span>
  );
}

function DurationOf({ timed: { duration } }: { timed: TimedStep }) {
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  if (duration === null) return null;
  const text = formatDuration(duration.ms, language);
  return <>{duration.recorded ? text : texts.about(text)}</>;
}

/** Bars on one scale, and what they stand for in words. */
function BarView(props: {
  bars: (Bar | null)[];
  outcome: JourneyStep['outcome'];
  children: ComponentChildren;
}) {
  const bars = props.bars.filter((bar) => bar !== null);
  return (
    <span class="step-bar">
      <span class={bars.length > 0 ? 'track' : undefined} aria-hidden="true">
        {bars.map(({ left, width }, index) => (
          <span
            key={index}
            class={`bar ${props.outcome}`}
            style={{ left: percent(left), width: percent(width) }}
          />
        ))}
      </span>
      <span class="step-took">{props.children}</span>
    </span>
  );
}

const percent = (fraction: number) => `${(fraction * 100).toFixed(2)}%`;

function AttemptsView({ row, ...context }: { row: AttemptsRow } & Context) {
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  const { attempts, count, firstAt, lastAt, last, scaleMs } = row;
  return (
    <Opening
      outcome={last.outcome}
      summary={
        <>
          <span class="step-when" />
          <span class="step-words">
            <span class="step-what">{texts.attempts(count)}</span>
            <span class="step-detail">
              {firstAt !== null && lastAt !== null && (
                <>{formatPeriod(firstAt, lastAt, language, Date.now())}, </>
              )}
              {texts.lastAttempt(outcomeText(last, texts) || texts.details.done)}
            </span>
          </span>
          <BarView bars={attempts.map(({ bar }) => bar)} outcome={last.outcome}>
            {formatDuration(scaleMs, language)}
          </BarView>
        </>
      }
    >
      {() => (
        <>
          <p class="quiet">
            {texts.scaleOfAttempts(formatDuration(scaleMs, language))}
            {count > attempts.length && ` ${texts.latestOnly(attempts.length)}`}
          </p>
          <ol class="steps">
            {attempts.map((attempt) => (
              <AttemptView key={attempt.number} attempt={attempt} {...context} />
            ))}
          </ol>
        </>
      )}
    </Opening>
  );
}

function AttemptView({ attempt, ...context }: { attempt: AttemptRow } & Context) {
  const texts = useTexts(journeyTexts);
  const { language } = useConsole();
  const { number, steps, bar, durationMs } = attempt;
  const last = steps.at(-1)?.step;
  const first = steps.find(({ sinceStartMs }) => sinceStartMs !== null)?.sinceStartMs;
  if (last === undefined) return null;
  return (
    <Opening
      outcome={last.outcome}
      summary={
        <>
          <span class="step-when">
            {first !== undefined && first !== null && texts.after(formatDuration(first, language))}
          </span>
          <span class="step-words">
            <span class="step-what">{texts.attempt(number)}</span>
            <span class="step-detail">{outcomeText(last, texts) || texts.details.done}</span>
          </span>
          <BarView bars={[bar]} outcome={last.outcome}>
            {durationMs !== null && formatDuration(durationMs, language)}
          </BarView>
        </>
      }
    >
      {() => <AttemptDetails attempt={attempt} {...context} />}
    </Opening>
  );
}
