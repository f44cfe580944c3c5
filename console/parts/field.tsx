import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import type { ApiProblem } from '../model/api.ts';

/** Attributes that tie a control to its label, hint and violation. */
export interface Ties {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': boolean | undefined;
}

interface FieldProps {
  label: string;
  hint?: ComponentChildren;
  violation?: string | null | undefined;
  /** The label is for screen readers only. */
  quietLabel?: boolean;
  children: (ties: Ties) => ComponentChildren;
}

/** A labelled control with its hint and violation. */
export function Field(props: FieldProps) {
  const { label, hint, violation = null, quietLabel = false, children } = props;
  const id = useId();
  const described = [hint && `${id}-hint`, violation && `${id}-violation`]
    .filter(Boolean)
    .join(' ');
  const ties: Ties = {
    id,
    'aria-describedby': described || undefined,
    'aria-invalid': violation ? true : undefined,
  };
  return (
    <div class={violation ? 'field invalid' : 'field'}>
      <label for={id} class={quietLabel ? 'unseen' : undefined}>
        {label}
      </label>
      {children(ties)}
      {hint && (
        <p id={`${id}-hint`} class="hint">
          {hint}
        </p>
      )}
      {violation && (
        <p id={`${id}-violation`} class="error">
          {violation}
        </p>
      )}
    </div>
  );
}

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
          // Preact types each kind of input apart; these four take the same attributes.
          type={type as 'text'}
          value={value}
          onInput={(event) => onChange(event.currentTarget.value)}
        />
      )}
    </Field>
  );
}

/** What the API says is wrong at a JSON pointer. */
export function violationAt(problem: ApiProblem | null, pointer: string): string | null {
  return problem?.body.errors?.find((each) => each.pointer === pointer)?.detail ?? null;
}
