import type { ComponentChildren } from 'preact';
import type { ApiProblem } from '../model/api.ts';
import type { Attempting } from '../model/attempt.ts';
import { useTexts } from '../model/context.ts';
import type { Loaded } from '../model/load.ts';
import { shell } from '../texts/shell.ts';

/** A problem in words; faults that no field shows are listed. */
export function Problem(props: { problem: ApiProblem; listFaults?: boolean; again?: () => void }) {
  const { problem, listFaults = true, again } = props;
  const texts = useTexts(shell);
  const { title, detail, errors = [], traceId } = problem.body;
  return (
    <div class="notice bad" role="alert">
      <p class="notice-title">{title}</p>
      {detail && <p>{detail}</p>}
      {listFaults && errors.length > 0 && (
        <ul>
          {errors.map((fault) => (
            <li key={`${fault.pointer}${fault.parameter}${fault.rule}`}>{fault.detail}</li>
          ))}
        </ul>
      )}
      {traceId !== undefined && problem.status >= 500 && (
        <p class="quiet">
          {texts.trace}: <code>{traceId}</code>
        </p>
      )}
      {again !== undefined && (
        <button type="button" onClick={again}>
          {texts.again}
        </button>
      )}
    </div>
  );
}

/** Something was sent and nobody knows whether it was done: it can be repeated under its key. */
export function UnknownOutcome(props: {
  attempt: Pick<Attempting<unknown>, 'problem' | 'again' | 'discard'>;
  title: string;
  lead: string;
  giveUp: string;
  onGiveUp?: () => void;
}) {
  const { attempt, title, lead, giveUp, onGiveUp } = props;
  const { problem } = attempt;
  const texts = useTexts(shell);
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
        <button type="button" class="primary" onClick={attempt.again}>
          {texts.sameKey}
        </button>
      </p>
      <p class="quiet">{giveUp}</p>
      <button type="button" class="plain" onClick={discard}>
        {texts.giveUp}
      </button>
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

/** What a list shows when it has nothing. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}

/**
 * What was loaded, or why it is not there. Data that were there stay while the server does not
 * answer, with a line that says so.
 */
export function Loading<T>({
  loaded,
  children,
}: {
  loaded: Loaded<T>;
  children: (data: T) => ComponentChildren;
}) {
  const texts = useTexts(shell);
  const { data, problem, reload } = loaded;
  if (data === null) {
    if (problem === null) {
      return (
        <p class="loading" role="status">
          {texts.loading}
        </p>
      );
    }
    // What is not there or not allowed will not be so the next time.
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
