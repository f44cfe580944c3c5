import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { type AmountViolation, amountAdvice } from '#contracts/amounts.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { type FilterName, type FilterValues, filtersIn, queryOf } from '../model/list-filters.ts';
import { useAction } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { records } from '../texts/records.ts';
import { Field, Form, TextField } from './form.tsx';
import { addressOf } from './list.tsx';
import { Button } from './page.tsx';

/** A filter, and the values that can be chosen, where they are few. */
export interface Filter {
  name: FilterName;
  values?: readonly string[];
  hint?: string;
  /** An e-mail address stays in the address; elsewhere the customer's id replaces it. */
  keepsEmail?: boolean;
}

type Violations = { min?: AmountViolation; max?: AmountViolation };

/** The filters that the address names, and what they ask the API. */
export function useListQuery(filters: readonly Filter[]) {
  const { query: address } = useLocation();
  const { config } = useConsole();
  const values = filtersIn(
    address,
    filters.map(({ name }) => name),
  );
  const { query, violations } = queryOf(values, config.currency);
  // A list that ignored a filter would show what was not asked for.
  return { values, query, violations: Object.keys(violations).length > 0 ? violations : null };
}

/** The filters of a list as a form; they are in the address. */
export function RecordFilters(props: {
  filters: readonly Filter[];
  values: FilterValues;
  /** Of amounts; null without any. */
  violations: Violations | null;
  /** Other parameters of the address, which stay. */
  keep?: Record<string, string>;
}) {
  const { filters, values, keep = {} } = props;
  const texts = useTexts(records);
  const { api } = useConsole();
  const { path, query, route } = useLocation();
  const [typed, setTyped] = useState(values);
  const [unknown, setUnknown] = useState<string | null>(null);
  // What the address says replaces what was typed, for example after «back».
  useEffect(() => setTyped(values), [JSON.stringify(values)]);
  const { run, running, problem } = useAction(async () => {
    setUnknown(null);
    let chosen = typed;
    const keepsEmail = filters.some((filter) => filter.keepsEmail);
    if (!keepsEmail && typed.customer?.includes('@') && typed.customer !== values.customer) {
      const email = typed.customer.trim();
      const { data } = await api.read<PageOf<OperatorCustomer>>('/v1/operator/customers', {
        query: { email },
      });
      const [first] = data;
      if (data.length > 1) return setUnknown(texts.customersMany);
      if (first === undefined) return setUnknown(texts.customerUnknown(email));
      chosen = { ...typed, customer: first.customerId };
    }
    const { sort, by } = query;
    const kept = { ...keep, ...(sort && { sort }), ...(by && { by }) };
    const names = filters.map(({ name }) => name);
    route(addressOf(path, { ...filtersIn(chosen as Record<string, string>, names), ...kept }));
  });
  return (
    <Form class="card list-filters" label={texts.filters} problem={problem} onSubmit={run}>
      {filters.map((filter) => (
        <FilterField
          key={filter.name}
          filter={filter}
          value={typed[filter.name] ?? ''}
          violation={filter.name === 'customer' ? unknown : null}
          amountViolation={
            // Only of the text that the address has.
            typed[filter.name] === values[filter.name]
              ? props.violations?.[filter.name as 'min' | 'max']
              : undefined
          }
          onChange={(value) => setTyped({ ...typed, [filter.name]: value })}
        />
      ))}
      <div class="actions">
        <Button text={texts.apply} look="primary" disabled={running} />
        {Object.keys(values).length > 0 && (
          <a class="button" href={addressOf(path, keep)}>
            {texts.clear}
          </a>
        )}
      </div>
    </Form>
  );
}

function FilterField(props: {
  filter: Filter;
  value: string;
  violation: string | null;
  amountViolation: AmountViolation | undefined;
  onChange: (value: string) => void;
}) {
  const { filter, value, onChange, amountViolation } = props;
  const { name, values, hint } = filter;
  const texts = useTexts(records);
  const { config, language } = useConsole();
  const label = texts.names[name];
  if (values !== undefined) {
    return (
      <Field label={label}>
        {(ties) => (
          <select {...ties} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
            <option value="">{texts.any}</option>
            {values.map((each) => (
              <option key={each} value={each}>
                {texts.values[each] ?? each}
              </option>
            ))}
          </select>
        )}
      </Field>
    );
  }
  if (name === 'from' || name === 'until') {
    return (
      <Field label={label}>
        {(ties) => (
          <input
            {...ties}
            type="date"
            max="9999-12-31"
            value={value}
            onInput={(event) => onChange(event.currentTarget.value)}
          />
        )}
      </Field>
    );
  }
  const { currency } = config;
  const isAmount = name === 'min' || name === 'max';
  return (
    <TextField
      label={isAmount ? `${label}, ${currency}` : label}
      hint={hint}
      violation={
        amountViolation === undefined
          ? props.violation
          : amountAdvice(amountViolation, { text: value, currency, language })
      }
      value={value}
      onChange={onChange}
      input={{
        spellcheck: false,
        autoComplete: 'off',
        maxLength: 320,
        ...(isAmount && { inputMode: 'decimal' }),
      }}
    />
  );
}

/** The order that the address asks of the server: the newest first, unless it says otherwise. */
export function useServerSort(): { sort?: 'oldest' } {
  return useLocation().query.sort === 'oldest' ? { sort: 'oldest' } : {};
}
