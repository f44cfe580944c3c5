import { useState } from 'preact/hooks';
import type { LettersToResend, ResendResult } from '#contracts/notifications.ts';
import type { Api } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { useAction } from '../model/load.ts';
import { operator } from '../texts/operator.ts';
import { Field } from './form.tsx';
import { Notice, Problem } from './notices.tsx';
import { Button } from './page.tsx';

// Some ten thousand letters. For more, the person presses the button again.
const PARTS_MAX = 20;

interface Total {
  count: number;
  /** Whether letters remain that were not counted. */
  more: boolean;
}

/**
 * Resends the failed letters that the list's filters find, after it has counted them; those of a time,
 * if the person names one.
 */
export function ResendLetters(props: {
  /** Of the list. */
  filter: Pick<LettersToResend, 'failure' | 'kind'>;
  onResent: () => void;
}) {
  const { filter, onResent } = props;
  const texts = useTexts(operator).letters.resendMany;
  const { api, language } = useConsole();
  const [times, setTimes] = useState({ failedSince: '', failedUntil: '' });
  const [found, setFound] = useState<Total | null>(null);
  const [resent, setResent] = useState<Total | null>(null);
  const set = (change: Partial<typeof times>) => {
    setTimes({ ...times, ...change });
    setFound(null);
  };
  const look = useAction(async () => {
    setResent(null);
    setFound(await resendInParts(api, { ...filter, ...bodyOf(times), dryRun: true }, 'matched'));
  });
  const send = useAction(async () => {
    setResent(await resendInParts(api, { ...filter, ...bodyOf(times) }, 'resent'));
    setFound(null);
    onResent();
  });
  const textOf = ({ count, more }: Total) => `${formatNumber(count, language)}${more ? '+' : ''}`;
  const problem = look.problem ?? send.problem;
  return (
    <details class="resend-many">
      <summary>{texts.title}</summary>
      <p class="hint">{texts.hint}</p>
      {(['failedSince', 'failedUntil'] as const).map((name) => (
        <Field key={name} label={texts[name]}>
          {(ties) => (
            <input
              {...ties}
              type="datetime-local"
              value={times[name]}
              onInput={(event) => set({ [name]: event.currentTarget.value })}
            />
          )}
        </Field>
      ))}
      <p>
        <Button text={texts.look} disabled={look.running || send.running} run={look.run} />
      </p>
      <Problem problem={problem} />
      {found !== null && (
        <Notice tone="wait">
          <p>{texts.found(textOf(found))}</p>
          {found.count > 0 && (
            <Button
              look="primary"
              text={texts.confirm(textOf(found))}
              disabled={send.running}
              run={send.run}
            />
          )}
        </Notice>
      )}
      {resent !== null && <Notice tone="good">{texts.done(textOf(resent))}</Notice>}
    </details>
  );
}

/** Each answer covers some thousand letters. */
async function resendInParts(
  api: Api,
  body: LettersToResend,
  count: keyof ResendResult,
): Promise<Total> {
  const total = { count: 0, more: true };
  let cursor: string | undefined;
  for (let parts = 0; parts < PARTS_MAX && total.more; parts++) {
    const answer = await api.send<ResendResult>('POST', '/v1/operator/letters/resend', {
      body: { ...body, ...(cursor !== undefined && { cursor }) },
    });
    total.count += Number(answer.body[count]);
    cursor = answer.body.nextCursor ?? undefined;
    total.more = cursor !== undefined;
  }
  return total;
}

/** Times as the API takes them; those of the form are local to this person. */
function bodyOf({ failedSince, failedUntil }: Record<'failedSince' | 'failedUntil', string>) {
  const moment = (local: string) => new Date(local).toISOString();
  return {
    ...(failedSince !== '' && { failedSince: moment(failedSince) }),
    ...(failedUntil !== '' && { failedUntil: moment(failedUntil) }),
  };
}
