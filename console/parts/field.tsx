import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { ApiProblem } from '../api.ts';

/** What ties a control to its label, hint and fault. */
export interface Ties {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
}

/** A labelled control with a hint and, where there is one, its fault. */
export function Field(props: {
  label: string;
  hint?: ComponentChildren;
  fault?: string | null | undefined;
  /** The label is there for readers only. */
  quietLabel?: boolean;
  children: (ties: Ties) => ComponentChildren;
}) {
  const { label, hint, fault = null, quietLabel = false, children } = props;
  const id = useId();
  const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(' ');
  const ties: Ties = {
    id,
    'aria-describedby': described || undefined,
    'aria-invalid': fault ? true : undefined,
  };
  return (
    <div class={fault ? 'field faulty' : 'field'}>
      <label for={id} class={quietLabel ? 'unseen' : undefined}>
        {label}
      </label>
      {children(ties)}
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {fault && (
        <p id={`${id}-fault`} class="fault">
          {fault}
        </p>
      )}
    </div>
  );
}

/** The API's fault at a JSON pointer, in its own words. */
export function faultAt(problem: ApiProblem | null, pointer: string): string | null {
  return problem?.body.errors?.find((fault) => fault.pointer === pointer)?.detail ?? null;
}
