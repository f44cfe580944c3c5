import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { ApiProblem } from '../model/api.ts';

/** What ties a control to its label, hint and fault. */
export interface Ties {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  fault?: string | null | undefined;
  /** The label is there for readers only. */
  quietLabel?: boolean;
  children: (ties: Ties) => ComponentChildren;
}

/** A labelled control with a hint and, where there is one, its fault. */
export function Field(props: FieldProps) {
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

/** What an input may have besides its value. */
interface InputOptions {
  type?: 'email' | 'password' | 'search';
  inputMode?: 'decimal' | 'numeric';
  autoComplete?: 'email' | 'name' | 'username' | 'current-password' | 'new-password' | 'off';
  placeholder?: string;
  required?: boolean;
  minLength?: number;
  maxLength?: number;
  spellcheck?: boolean;
}

/** A field of one line of text. */
export function TextField(
  props: Omit<FieldProps, 'children'> & {
    value: string;
    onChange: (value: string) => void;
    input?: InputOptions;
  },
) {
  const { value, onChange, input: { type = 'text', ...input } = {}, ...field } = props;
  return (
    <Field {...field}>
      {(ties) => (
        <input
          {...input}
          {...ties}
          // The types tell each kind of input apart, and this is any of four that are alike.
          type={type as 'text'}
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** The API's fault at a JSON pointer, in its own words. */
export function faultAt(problem: ApiProblem | null, pointer: string): string | null {
  return problem?.body.errors?.find((fault) => fault.pointer === pointer)?.detail ?? null;
}
