import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { amountAdvice, parseAmount } from '#contracts/amounts.ts';
import { CUSTOMER_ID } from '#contracts/patterns.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { type LetterFilter, letterAddressOf, letterFilterIn } from '../model/letter-filter.ts';
import { customer } from '../texts/customer.ts';
import { letterRepair } from '../texts/letter-repair.ts';
import { Field, Form, TextField } from './form.tsx';
import { addressOf } from './list.tsx';
import { Button } from './page.tsx';

const ID = new RegExp(CUSTOMER_ID);

/** The filters of the operator's letters besides their state; the address holds them. */
export function LetterFilters() {
  const texts = useTexts(letterRepair).filters;
  const { path, query, route } = useLocation();
  const current = letterFilterIn(query);
  const { state: _, ...others } = letterAddressOf(current);
  const active = Object.keys(others).length;
  return (
    <details class="letter-filters" open={active > 0}>
      <summary>{active === 0 ? texts.title : `${texts.title}: ${active}`}</summary>
      {/* The key fills the fields anew after a change of the address. */}
      <FilterForm
        key={JSON.stringify(current)}
        filter={current}
        onApply={(filter) => route(addressOf(path, letterAddressOf(filter)))}
        resetHref={active === 0 ? null : addressOf(path, stateOnly(current))}
      />
    </details>
  );
}

const stateOnly = ({ state }: LetterFilter) => letterAddressOf({ ...letterFilterIn({}), state });

function FilterForm(props: {
  filter: LetterFilter;
  onApply: (filter: LetterFilter) => void;
  resetHref: string | null;
}) {
  const texts = useTexts(letterRepair).filters;
  const { kinds } = useTexts(customer).letters;
  const { config, language } = useConsole();
  const [filter, setFilter] = useState(props.filter);
  const [checked, setChecked] = useState(false);
  const set = (change: Partial<LetterFilter>) => setFilter({ ...filter, ...change });
  const { currency } = config;
  const violations = {
    min: amountViolation(filter.min, currency, language),
    max: amountViolation(filter.max, currency, language),
    customer:
      filter.customer.trim() === '' || ID.test(filter.customer.trim())
        ? null
        : texts.customerViolation(filter.customer.trim()),
  };
  const submit = () => {
    setChecked(true);
    if (Object.values(violations).every((violation) => violation === null)) props.onApply(filter);
  };
  const text = (name: 'min' | 'max' | 'customer') => (
    <TextField
      label={texts[name]}
      violation={checked ? violations[name] : null}
      value={filter[name]}
      onChange={(value) => set({ [name]: value })}
      input={{
        autoComplete: 'off',
        spellcheck: false,
        ...(name !== 'customer' && { inputMode: 'decimal' as const }),
      }}
    />
  );
  const day = (name: 'from' | 'until') => (
    <Field label={texts[name]}>
      {(ties) => (
        <input
          {...ties}
          type="date"
          value={filter[name]}
          onInput={(event) => set({ [name]: event.currentTarget.value })}
        />
      )}
    </Field>
  );
  return (
    <Form class="card filter-grid" label={texts.title} onSubmit={submit}>
      <TextField
        label={texts.failure}
        value={filter.failure}
        onChange={(failure) => set({ failure })}
        input={{ type: 'search', maxLength: 200 }}
      />
      <Select
        label={texts.kind}
        options={{ '': texts.anyKind, ...kinds }}
        value={filter.kind}
        onChange={(kind) => set({ kind })}
      />
      {filter.state === 'failed' && (
        <Select
          label={texts.acknowledged}
          options={texts.acknowledgements}
          value={filter.acknowledged}
          onChange={(acknowledged) => set({ acknowledged })}
        />
      )}
      {day('from')}
      {day('until')}
      {text('min')}
      {text('max')}
      {text('customer')}
      <div class="actions">
        <Button look="primary" text={texts.apply} />
        {props.resetHref !== null && (
          <a class="button" href={props.resetHref}>
            {texts.reset}
          </a>
        )}
      </div>
    </Form>
  );
}

function Select<V extends string>(props: {
  label: string;
  options: Record<V, string>;
  value: V;
  onChange: (value: V) => void;
}) {
  const { label, options, value, onChange } = props;
  return (
    <Field label={label}>
      {(ties) => (
        <select
          {...ties}
          value={value}
          onChange={(event) => onChange(event.currentTarget.value as V)}
        >
          {(Object.entries(options) as [V, string][]).map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

function amountViolation(text: string, currency: string, language: 'ru' | 'en'): string | null {
  if (text.trim() === '') return null;
  const amount = parseAmount(text, currency, 0);
  return typeof amount === 'number' ? null : amountAdvice(amount, { text, currency, language });
}
