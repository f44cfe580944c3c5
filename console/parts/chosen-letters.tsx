import { useState } from 'preact/hooks';
import type { OperatorLetter, ResendResult } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { letterPath, type useLetterWatch } from '../model/letter-watch.ts';
import { useAction } from '../model/load.ts';
import { lastAttemptOf } from '../model/resend-outcome.ts';
import { inParts, type Selection } from '../model/selection.ts';
import { letterRepair } from '../texts/letter-repair.ts';
import { Notice, Problem } from './notices.tsx';
import { Button } from './page.tsx';
import { ReasonDialog } from './reason-dialog.tsx';
import { SelectionBar } from './selection-bar.tsx';

// As many as the API takes at once.
const IDS_MAX = 100;
const READS_AT_ONCE = 10;

/** What is done to the chosen letters of a list, and what came of it. */
export function ChosenLetters(props: {
  rows: OperatorLetter[];
  selection: Selection;
  keep: ReturnType<typeof useLetterWatch>['keep'];
}) {
  const { rows, selection, keep } = props;
  const texts = useTexts(letterRepair);
  const { api, language } = useConsole();
  const [asking, setAsking] = useState(false);
  const number = (value: number) => formatNumber(value, language);
  const chosen = rows.filter(({ id }) => selection.ids.includes(id));
  /** Shows the chosen letters as they are now. */
  const readAgain = async (sinceOf: (letter: OperatorLetter) => number | null) => {
    for (const part of inParts(chosen, READS_AT_ONCE)) {
      const path = ({ id }: OperatorLetter) => letterPath(id);
      const letters = await Promise.all(part.map((each) => api.read<OperatorLetter>(path(each))));
      keep(letters.map((letter, index) => ({ letter, since: sinceOf(part[index] ?? letter) })));
    }
    selection.clear();
  };
  const resend = useAction(async () => {
    acknowledge.reset();
    let resent = 0;
    for (const letterIds of inParts(selection.ids, IDS_MAX)) {
      const path = '/v1/operator/letters/resend';
      const answer = await api.send<ResendResult>('POST', path, { body: { letterIds } });
      resent += answer.body.resent;
    }
    await readAgain(lastAttemptOf);
    return resent;
  });
  const acknowledge = useAction(async (reason: string) => {
    resend.reset();
    const total = { acknowledged: 0, refused: 0 };
    for (const letterIds of inParts(selection.ids, IDS_MAX)) {
      const { body } = await api.call('acknowledgeLetters', { body: { letterIds, reason } });
      total.acknowledged += body.acknowledged;
      total.refused += body.refused;
    }
    await readAgain(() => null);
    setAsking(false);
    return total;
  });
  const running = resend.running || acknowledge.running;
  return (
    <>
      {rows.some(({ state }) => state === 'failed') && (
        <SelectionBar selection={selection}>
          <Button text={texts.resendSelected} disabled={running} run={resend.run} />
          <Button text={texts.acknowledge} disabled={running} run={() => setAsking(true)} />
        </SelectionBar>
      )}
      <Problem problem={resend.problem} />
      {resend.result !== null && (
        <Notice tone={resend.result === 0 ? 'wait' : 'good'}>
          {resend.result === 0 ? texts.resentNone : texts.resentSelected(number(resend.result))}
        </Notice>
      )}
      {asking && (
        <ReasonDialog
          title={texts.acknowledge}
          confirm={texts.acknowledge}
          hint={texts.reasonHint}
          running={running}
          problem={<Problem problem={acknowledge.problem} />}
          onConfirm={acknowledge.run}
          onCancel={() => setAsking(false)}
        >
          <p>{texts.acknowledgeAsk(number(selection.ids.length))}</p>
        </ReasonDialog>
      )}
      {acknowledge.result !== null && (
        <Notice tone={acknowledge.result.refused > 0 ? 'wait' : 'good'}>
          {texts.acknowledgedDone(number(acknowledge.result.acknowledged))}{' '}
          {acknowledge.result.refused > 0 &&
            texts.acknowledgedNone(number(acknowledge.result.refused))}
        </Notice>
      )}
    </>
  );
}
