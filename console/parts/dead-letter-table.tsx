import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { DeadLetter } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { useAction } from '../model/load.ts';
import type { Selection } from '../model/selection.ts';
import { journey } from '../texts/journey.ts';
import { letterRepair } from '../texts/letter-repair.ts';
import { operator } from '../texts/operator.ts';
import { Notice, Problem } from './notices.tsx';
import { Button } from './page.tsx';
import { ReasonDialog } from './reason-dialog.tsx';
import { SelectBox } from './selection-bar.tsx';
import { Moment, Pill, type Tone } from './values.tsx';

const TONES: Record<DeadLetter['state'], Tone> = {
  dead: 'bad',
  redriven: 'good',
  discarded: 'quiet',
};

export function DeadLetterPill({ state }: { state: DeadLetter['state'] }) {
  return <Pill tone={TONES[state]}>{useTexts(operator).deadLetters.states[state]}</Pill>;
}

/** Events that could not become letters, with what an operator needs to decide about each. */
export function DeadLetterTable(props: {
  letters: DeadLetter[];
  /** Those that were tried again on this page, as they are since. */
  tried: ReadonlyMap<string, DeadLetter>;
  selection: Selection;
  redrive: (letter: DeadLetter) => void;
  running: boolean;
}) {
  const { letters, tried, selection, redrive, running } = props;
  const { columns, dead, selectThis } = useTexts(letterRepair);
  const texts = useTexts(operator).deadLetters;
  const { placeOf } = useTexts(journey);
  const { language } = useConsole();
  return (
    <table class="table repairs">
      <thead>
        <tr>
          <th scope="col">
            <span class="unseen">{columns.select}</span>
          </th>
          {[columns.event, texts.arrived, columns.state].map((label) => (
            <th key={label} scope="col">
              {label}
            </th>
          ))}
          <th scope="col">
            <span class="unseen">{columns.action}</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {letters.map((letter) => (
          <tr key={letter.id}>
            <td class="select">
              {letter.state === 'dead' && (
                <SelectBox selection={selection} id={letter.id} label={selectThis(letter.error)} />
              )}
            </td>
            <td>
              <div>
                <a href={`/operator/dead-letters/${letter.id}`}>
                  <bdi>{letter.error}</bdi>
                </a>
                <p class="quiet">
                  {`${letter.topic}, ${placeOf(letter.partition, letter.offset)}`}
                  {letter.redrives > 0 &&
                    ` · ${texts.redrives}: ${formatNumber(letter.redrives, language)}`}
                </p>
              </div>
            </td>
            <td data-label={texts.arrived}>
              <Moment at={letter.createdAt} />
            </td>
            <td data-label={columns.state}>
              <div>
                <DeadLetterPill state={letter.state} />
                {tried.has(letter.id) && <RedriveOutcome letter={letter} />}
                <DiscardLine letter={letter} />
              </div>
            </td>
            <td class="row-action">
              {letter.state === 'dead' && (
                <Button
                  text={texts.redrive}
                  label={dead.redriveThis(letter.error)}
                  disabled={running}
                  run={() => redrive(letter)}
                />
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What came of another try; nothing for a discarded one. */
function RedriveOutcome({ letter }: { letter: DeadLetter }) {
  const { dead } = useTexts(letterRepair);
  if (letter.state === 'discarded') return null;
  const became = letter.state === 'redriven';
  return (
    <p class={became ? 'outcome good' : 'outcome bad'} role="status">
      {became ? dead.became : dead.refused(letter.error)}
    </p>
  );
}

/** That an operator decided that it becomes no letter: who, when and why. */
export function DiscardLine({ letter }: { letter: DeadLetter }) {
  const texts = useTexts(letterRepair);
  if (!letter.discarded) return null;
  const { at, actor, reason } = letter.discarded;
  return (
    <p class="quiet">
      {texts.dead.discardedBy} <code title={actor}>{actor.slice(-8)}</code>, <Moment at={at} />.{' '}
      <bdi>{texts.because(reason)}</bdi>
    </p>
  );
}

/**
 * Discards dead letters after it has asked for the reason.
 * @param props.children what starts it
 */
export function Discard(props: {
  ids: string[];
  onDone: (ids: string[]) => Promise<void>;
  children: (start: () => void, text: string) => ComponentChildren;
}) {
  const { ids, onDone, children } = props;
  const { dead } = useTexts(letterRepair);
  const { api, language } = useConsole();
  const [asking, setAsking] = useState(false);
  const number = (value: number) => formatNumber(value, language);
  const { run, running, problem, result, reset } = useAction(async (reason: string) => {
    const answer = await api.call('discardMany', { body: { deadLetterIds: ids, reason } });
    await onDone(ids);
    setAsking(false);
    return answer.body;
  });
  const start = () => {
    reset();
    setAsking(true);
  };
  return (
    <>
      {children(start, dead.discard)}
      {asking && ids.length > 0 && (
        <ReasonDialog
          title={dead.discard}
          confirm={dead.discard}
          hint={dead.reasonHint}
          running={running}
          problem={<Problem problem={problem} />}
          onConfirm={run}
          onCancel={() => setAsking(false)}
        >
          <p>{dead.discardAsk(number(ids.length))}</p>
        </ReasonDialog>
      )}
      {result !== null && (
        <Notice tone={result.refused > 0 ? 'wait' : 'good'}>
          {dead.discarded(number(result.discarded))}{' '}
          {result.refused > 0 && dead.discardedNone(number(result.refused))}
        </Notice>
      )}
    </>
  );
}
