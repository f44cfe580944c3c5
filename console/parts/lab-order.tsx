import { useConsole, useTexts } from '../model/context.ts';
import {
  type LabCheck,
  type LabOrder,
  type LabStep,
  type LabVerdict,
  verdictOf,
} from '../model/fault-lab.ts';
import { formatDuration } from '../model/format.ts';
import { faultLab } from '../texts/fault-lab.ts';
import { journey } from '../texts/journey.ts';
import { detailText } from './journey-words.ts';
import { Pill, type Tone } from './values.tsx';

const TONES: Record<LabVerdict, Tone> = {
  'as-expected': 'good',
  differs: 'bad',
  open: 'wait',
  'not-placed': 'bad',
};

/** An order of the fault lab: what was expected, what was observed, and its journey so far. */
export function LabOrderCard({ order }: { order: LabOrder }) {
  const texts = useTexts(faultLab);
  const { number, id, faults, steps, problem } = order;
  const verdict = verdictOf(order);
  const names = faults.map((name) => texts.faults[name].name).join(', ');
  const isAsked = order.answer === null && problem === null;
  return (
    <section class="card lab-order" aria-labelledby={`lab-order-${number}`}>
      <div class="section-head">
        <h3 id={`lab-order-${number}`}>{texts.order(number)}</h3>
        <span role="status">
          <Pill tone={TONES[verdict]}>{texts.verdicts[verdict]}</Pill>
        </span>
      </div>
      <p>{isAsked ? texts.placing : names === '' ? texts.noFault : texts.during(names)}</p>
      {order.changed && <p class="quiet">{texts.changed}</p>}
      {problem !== null && <p class="quiet">{problem}</p>}
      <Checks order={order} />
      {steps.length > 0 && (
        <details open={number === 1 || !order.complete}>
          <summary>{texts.steps}</summary>
          <ol class="lab-steps">
            {steps.map((step) => (
              <Step key={step.kind} step={step} />
            ))}
          </ol>
        </details>
      )}
      {id !== null && (
        <p>
          <a href={`/operator/orders/${id}`}>{texts.journey(number)}</a>
        </p>
      )}
    </section>
  );
}

const CHECK_TONES = { true: 'good', false: 'bad', null: 'quiet' } as const;

function Checks({ order: { checks, answer } }: { order: LabOrder }) {
  const texts = useTexts(faultLab);
  const { language } = useConsole();
  const { check } = texts;
  const observed = ({ name, observed: value }: LabCheck): string => {
    if (value === null) return texts.notYet;
    if (name !== 'answer' || answer === null) return textOf(value);
    return `${value} ${texts.waited(formatDuration(answer.afterMs, language))}`;
  };
  /** `1 happiness`, or a single word or figure. */
  const textOf = (value: string): string => {
    const [count = '', kind] = value.split(' ');
    return kind === undefined
      ? (texts.values[value] ?? value)
      : texts.letters(count, texts.values[kind] ?? kind);
  };
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">{check.what}</th>
          <th scope="col">{check.expected}</th>
          <th scope="col">{check.observed}</th>
        </tr>
      </thead>
      <tbody>
        {checks.map((one) => (
          <tr key={one.name}>
            <th scope="row">{texts.checks[one.name]}</th>
            <td data-label={check.expected}>{textOf(one.expected)}</td>
            <td data-label={check.observed}>
              <Pill tone={CHECK_TONES[`${one.ok}`]}>{observed(one)}</Pill>
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const STEP_TONES: Record<LabStep['outcome'], Tone> = {
  done: 'good',
  refused: 'bad',
  failed: 'bad',
  unknown: 'wait',
  waiting: 'quiet',
};

function Step({ step: { kind, outcome, detail, times } }: { step: LabStep }) {
  const texts = useTexts(faultLab);
  const said = detailText({ kind, detail }, useTexts(journey));
  return (
    <li>
      <span>
        {texts.kinds[kind] ?? kind} {times > 1 && texts.times(times)}
      </span>{' '}
      <Pill tone={STEP_TONES[outcome]}>{texts.outcomes[outcome]}</Pill>{' '}
      {said !== '' && (
        <span class="quiet">
          <bdi>{said}</bdi>
        </span>
      )}
    </li>
  );
}
