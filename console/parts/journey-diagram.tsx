import type { JourneyStep, Participant } from '#contracts/journey.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration } from '../model/format.ts';
import { type JourneyPart, PARTICIPANTS } from '../model/journey.ts';
import { journey as journeyTexts } from '../texts/journey.ts';

/** One arrow: a step, or all attempts to send the letter. */
interface ArrowOf {
  key: string;
  step: JourneyStep;
  sinceStartMs: number | null;
  /** Above 1 for several attempts. */
  count: number;
}

function arrowsOf({ rows }: JourneyPart): ArrowOf[] {
  return rows.flatMap((row): ArrowOf[] => {
    if (row.type === 'pause') return [];
    const { key } = row;
    if (row.type === 'step') {
      const { step, sinceStartMs } = row.timed;
      return [{ key, step, sinceStartMs, count: 1 }];
    }
    const { count, last, attempts } = row;
    const sinceStartMs = attempts[0]?.steps[0]?.sinceStartMs ?? null;
    const step = { ...last, kind: 'send', from: 'notifications', to: 'smtp' } as const;
    return [{ key, step, sinceStartMs, count }];
  });
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

/** The steps as a sequence diagram; screen readers and phones have the timeline instead. */
export function SequenceDiagram({ parts }: { parts: JourneyPart[] }) {
  const texts = useTexts(journeyTexts);
  const [sync, later] = ['sync', 'async'].map((name) =>
    parts.filter((part) => part.name === name).flatMap(arrowsOf),
  ) as [ArrowOf[], ArrowOf[]];
  const divider = later.length > 0 ? 1 : 0;
  const rowOf = (index: number) => HEAD + ROW * (index + 1 + (index >= sync.length ? divider : 0));
  const arrows = [...sync, ...later];
  const height = rowOf(arrows.length - 1) + ROW;
  return (
    <div class="diagram">
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
        {later.length > 0 && <Divider y={rowOf(sync.length) - ROW} text={texts.parts.async} />}
        {arrows.map((arrow, index) => (
          <Arrow key={arrow.key} arrow={arrow} y={rowOf(index)} />
        ))}
      </svg>
    </div>
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

function Arrow({ arrow, y }: { arrow: ArrowOf; y: number }) {
  const texts = useTexts(journeyTexts);
  const { step, sinceStartMs, count } = arrow;
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
        {count > 1 ? texts.attempts(count) : <ArrowText step={step} />}
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
