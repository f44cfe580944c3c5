import { useState } from 'preact/hooks';
import type { WebhookReplay as Replay } from '#contracts/webhooks.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { useAction } from '../model/load.ts';
import { inWords } from '../model/webhooks.ts';
import { webhooks } from '../texts/webhooks.ts';
import { Field, Form, violationAt } from './form.tsx';
import { Notice } from './notices.tsx';
import { Button } from './page.tsx';
import { Moment } from './values.tsx';

/** The sum of the parts of one replay. */
interface Total {
  queued: number;
  /** From when on, if later than asked for. */
  later: string | null;
  next: string | null;
}

/** The moment of a local time; null for none. */
function momentOf(local: string): string | null {
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** Sends the events since a time to an endpoint again, part by part. */
export function WebhookReplay({ endpointId }: { endpointId: string }) {
  const texts = useTexts(webhooks);
  const words = texts.replay;
  const { api, language } = useConsole();
  const [local, setLocal] = useState('');
  const [checked, setChecked] = useState(false);
  const [total, setTotal] = useState<Total | null>(null);
  const { run, running, problem } = useAction(async (since: string, former: Total | null) => {
    const { body } = await api.call('replayWebhooks', { params: { endpointId }, body: { since } });
    setTotal(sumOf(former, body, since));
  });
  const since = momentOf(local);
  const submit = () => {
    setChecked(true);
    if (since === null) return;
    setTotal(null);
    run(since, null);
  };
  const refused = violationAt(problem, '/since');
  return (
    <Form
      label={words.title}
      problem={inWords(problem, texts.open.send)}
      listViolations={refused === null}
      onSubmit={submit}
    >
      <h2>{words.title}</h2>
      <p class="hint">{words.hint}</p>
      <Field
        label={words.since}
        hint={words.sinceHint}
        violation={checked && since === null ? words.sinceViolation : refused}
      >
        {(ties) => (
          <input
            {...ties}
            type="datetime-local"
            value={local}
            onInput={(event) => setLocal(event.currentTarget.value)}
          />
        )}
      </Field>
      <div class="actions">
        <Button text={words.run} disabled={running} />
      </div>
      {total !== null && (
        <Notice tone={total.next === null ? 'good' : 'wait'}>
          <p>{words.done(formatNumber(total.queued, language))}</p>
          {total.later !== null && (
            <p>
              {words.later} <Moment at={total.later} />.
            </p>
          )}
          {total.next !== null && (
            <>
              <p>{words.more}</p>
              <Button
                text={words.go}
                disabled={running}
                run={() => run(total.next as string, total)}
              />
            </>
          )}
        </Notice>
      )}
    </Form>
  );
}

function sumOf(former: Total | null, { queued, since, next }: Replay, asked: string): Total {
  if (former !== null) return { ...former, queued: former.queued + queued, next };
  return { queued, next, later: Date.parse(since) > Date.parse(asked) ? since : null };
}
