import type { ComponentChildren, RefObject } from 'preact';
import type { ApiProblem } from '../model/api.ts';
import { Problem } from './notices.tsx';

/** A form as a card, with the problem of its last submission above the fields. */
export function Form(props: {
  onSubmit: () => void;
  problem?: ApiProblem | null;
  /** Off where the fields show the violations. */
  listViolations?: boolean;
  label?: string;
  class?: string;
  /** Whether the browser checks the fields; otherwise the form does. */
  browserChecks?: boolean;
  form?: RefObject<HTMLFormElement | null>;
  children: ComponentChildren;
}) {
  const { onSubmit, problem = null, listViolations = true, browserChecks = false } = props;
  return (
    <form
      ref={props.form ?? null}
      class={props.class ?? 'card form'}
      aria-label={props.label}
      noValidate={!browserChecks}
      onSubmit={(event) => {
        event.preventDefault();
        onSubmit();
      }}
    >
      <Problem problem={problem} listViolations={listViolations} />
      {props.children}
    </form>
  );
}
