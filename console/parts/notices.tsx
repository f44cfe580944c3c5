import type { ComponentChildren } from 'preact';
import type { ApiProblem } from '../model/api.ts';
import type { Attempting } from '../model/attempt.ts';
import { useTexts } from '../model/context.ts';
import type { Loaded } from '../model/load.ts';
import { common } from '../texts/common.ts';
import { Button } from './page.tsx';

/** A problem of the API, with the violations that no field shows; nothing for null. */
export function Problem(props: {
  problem: ApiProblem | null;
  listViolations?: boolean;
  again?: () => void;
}) {
  const { problem, listViolations = true, again } = props;
  const texts = useTexts(common);
  if (problem === null) return null;
  const { title, detail, errors = [], traceId } = problem.body;
  return (
    <div class="notice bad" role="alert">
      <p class="notice-title">{problem.own ? texts.broken : title}</p>
      {problem.own && <p>{texts.brokenLead}</p>}
      {detail && <p>{detail}</p>}
      {listViolations && errors.length > 0 && (
        <ul>
          {errors.map(({ pointer, parameter, rule, detail: text }) => (
            <li key={`${pointer}${parameter}${rule}`}>{text}</li>
          ))}
        </ul>
      )}
      {traceId !== undefined && problem.status >= 500 && (
        <p class="quiet">
          {texts.trace}: <code>{traceId}</code>
        </p>
      )}
      {again !== undefined && <Button text={texts.again} run={again} />}
    </div>
  );
}

/** A request whose outcome is unknown: only repeating it under its key is safe. */
export function UnknownOutcome(props: {
  attempt: Pick<Attempting<unknown>, 'problem' | 'again' | 'discard'>;
  title: string;
  lead: string;
  giveUp: string;
  onGiveUp?: () => void;
}) {
  const { attempt, title, lead, giveUp, onGiveUp } = props;
  const { problem } = attempt;
  const texts = useTexts(common);
  const discard = () => {
    attempt.discard();
    onGiveUp?.();
  };
  return (
    <div class="notice bad" role="alert">
      <p class="notice-title">{title}</p>
      <p>{lead}</p>
      {problem !== null && problem.status !== 0 && (
        <p class="quiet">
          {problem.body.title}. {problem.body.detail}
        </p>
      )}
      <p>
        <Button look="primary" text={texts.sameKey} run={attempt.again} />
      </p>
      <p class="quiet">{giveUp}</p>
      <Button look="plain" text={texts.giveUp} run={discard} />
    </div>
  );
}

export function Notice({
  tone,
  children,
}: {
  tone: 'good' | 'bad' | 'wait' | 'quiet';
  children: ComponentChildren;
}) {
  return (
    <div class={`notice ${tone}`} role={tone === 'bad' ? 'alert' : 'status'}>
      {children}
    </div>
  );
}

/** The place of an empty list. */
export function Empty({ title, hint }: { title: string; hint?: string | undefined }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {hint !== undefined && <p>{hint}</p>}
    </div>
  );
}

/** Loaded data, or the problem. While the server does not answer, the old data stay with a note. */
export function Loading<T>({
  loaded,
  children,
}: {
  loaded: Loaded<T>;
  children: (data: T) => ComponentChildren;
}) {
  const texts = useTexts(common);
  const { data, problem, reload } = loaded;
  if (data === null) {
    if (problem === null) {
      return (
        <p class="loading" role="status">
          {texts.loading}
        </p>
      );
    }
    // Repeating a 4xx does not help, and retryable problems are repeated automatically.
    const mayHelp = !problem.retryable && (problem.status < 400 || problem.status >= 500);
    return <Problem problem={problem} {...(mayHelp && { again: reload })} />;
  }
  return (
    <>
      {problem !== null && (
        <p class="stale" role="status">
          {problem.body.title}. {texts.retrying}
        </p>
      )}
      {children(data)}
    </>
  );
}
