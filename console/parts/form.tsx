import { type ComponentChildren, createContext, type RefObject } from 'preact';
import { useContext, useId, useState } from 'preact/hooks';
import { amountAdvice, parseAmount } from '#contracts/amounts.ts';
import type { ApiProblem } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { common } from '../texts/common.ts';
import { customer } from '../texts/customer.ts';
import { Problem } from './notices.tsx';

type FieldTexts = (typeof common)['ru']['fields'];

/** What is wrong with the fields of the form around, by the id of the control. */
const FieldFaults = createContext<Record<string, string>>({});

/** A form as a card, with the problem of its last submission above the fields. */
export function Form(props: {
  onSubmit: () => void;
  problem?: ApiProblem | null;
  /** Off where the fields show the violations. */
  listViolations?: boolean;
  label?: string;
  class?: string;
  /** Whether the rules of the fields are checked before it is sent: `required` and the like. */
  checksFields?: boolean;
  form?: RefObject<HTMLFormElement | null>;
  children: ComponentChildren;
}) {
  const { onSubmit, problem = null, listViolations = true, checksFields = false } = props;
  const texts = useTexts(common).fields;
  const [faults, setFaults] = useState<Record<string, string>>({});
  const submit = (form: HTMLFormElement) => {
    const found = checksFields ? faultsOf(form, texts) : {};
    setFaults(found);
    const [first] = Object.keys(found);
    if (first !== undefined) document.getElementById(first)?.focus();
    // A control that is no field, such as the box of a consent, has the browser's words.
    else if (!checksFields || form.reportValidity()) {
      onSubmit();
      // After the page has drawn what it found wrong itself.
      requestAnimationFrame(() => form.querySelector<HTMLElement>('[aria-invalid]')?.focus());
    }
  };
  return (
    <form
      ref={props.form ?? null}
      class={props.class ?? 'card form'}
      aria-label={props.label}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        submit(event.currentTarget);
      }}
    >
      <FieldFaults.Provider value={faults}>
        <Problem problem={problem} listViolations={listViolations} />
        {props.children}
      </FieldFaults.Provider>
    </form>
  );
}

function isTextControl(one: Element): one is HTMLInputElement | HTMLTextAreaElement {
  return one instanceof HTMLInputElement || one instanceof HTMLTextAreaElement;
}

/** The fields that break their own rules, in our words instead of the browser's. */
function faultsOf(form: HTMLFormElement, texts: FieldTexts): Record<string, string> {
  const faults: Record<string, string> = {};
  for (const field of form.elements) {
    if (!isTextControl(field) || field.validity.valid || field.id === '') continue;
    const { validity, minLength } = field;
    faults[field.id] = validity.valueMissing
      ? texts.required
      : validity.typeMismatch
        ? texts.email
        : texts.tooShort(minLength);
  }
  return faults;
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
  const { label, hint, quietLabel = false, children } = props;
  const id = useId();
  const fault = useContext(FieldFaults)[id];
  const violation = fault ?? props.violation ?? null;
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
