import type { ComponentChildren, RefObject } from 'preact';
import { useId } from 'preact/hooks';
import { amountAdvice, parseAmount } from '#contracts/amounts.ts';
import type { ApiProblem } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { customer } from '../texts/customer.ts';
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

/** Attributes that tie a control to its label, hint and violation. */
interface Ties {
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
  inputMode?: 'decimal' | 'numeric' | 'url';
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

/** The API's error message at a JSON pointer. */
export function violationAt(problem: ApiProblem | null, pointer: string): string | null {
  return problem?.body.errors?.find((each) => each.pointer === pointer)?.detail ?? null;
}

/** A field for an amount; its hint shows how the text is understood. */
export function AmountField(props: {
  label: string;
  text: string;
  onChange: (text: string) => void;
  /** Whether the form was submitted: only then a violation shows. */
  checked: boolean;
  currency: string;
}) {
  const { label, text, onChange, checked, currency } = props;
  const { language } = useConsole();
  const { willAdd } = useTexts(customer).wallet;
  const amount = parseAmount(text, currency, 1);
  const known = typeof amount === 'number';
  return (
    <TextField
      label={label}
      hint={known ? willAdd(formatMoney({ amount, currency }, language)) : undefined}
      violation={checked && !known ? amountAdvice(amount, { text, currency, language }) : null}
      value={text}
      onChange={onChange}
      input={{ inputMode: 'decimal', autoComplete: 'off' }}
    />
  );
}

/** One of a few values, as radio buttons. */
export function Choice<V extends string>(props: {
  name: string;
  legend: string;
  options: { value: V; label: string; lang?: string }[];
  value: V;
  onChange: (value: V) => void;
}) {
  return (
    <fieldset class="choice">
      <legend>{props.legend}</legend>
      {props.options.map(({ value, label, lang }) => (
        <label key={value}>
          <input
            type="radio"
            name={props.name}
            checked={props.value === value}
            onChange={() => props.onChange(value)}
          />
          <span lang={lang}>{label}</span>
        </label>
      ))}
    </fieldset>
  );
}
