import { useLayoutEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { amountAdvice } from '#contracts/amounts.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import {
  type FilterName,
  type FilterValues,
  type FilterViolations,
  filtersIn,
  queryOf,
} from '../model/list-filters.ts';
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

/** The filters that the address names, and what they ask the API. */
export function useListQuery(filters: readonly Filter[]) {
  const { query: address } = useLocation();
  const { config } = useConsole();
  const named = filtersIn(
    address,
    filters.map(({ name }) => name),
  );
  // A value that the form cannot show, as in a mistyped link, is no filter.
  const values = Object.fromEntries(
    Object.entries(named).filter(([key, value]) => {
      const choices = filters.find(({ name }) => name === key)?.values;
      return choices === undefined || choices.includes(value);
    }),
  ) as FilterValues;
  const { query, violations } = queryOf(values, config.currency);
  // A list that ignored a filter would show what was not asked for.
  return { values, query, violations: Object.keys(violations).length > 0 ? violations : null };
}

/** The filters of a list as a form; they are in the address. */
export function RecordFilters(props: {
  filters: readonly Filter[];
  values: FilterValues;
  /** Null without any. */
  violations: FilterViolations | null;
  /** Other parameters of the address, which stay. */
  keep?: Record<string, string>;
}) {
  const { filters, values, keep = {} } = props;
  const texts = useTexts(records);
  const { api, config, language } = useConsole();
  const { path, query, route } = useLocation();
  const [typed, setTyped] = useState(values);
  const [unknown, setUnknown] = useState<string | null>(null);
  // What the address says replaces what was typed, for example after «back». Before the page is
  // drawn: a later change would erase what is typed meanwhile.
  useLayoutEffect(() => setTyped(values), [JSON.stringify(values)]);
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
  const violationOf = (name: FilterName): string | null => {
    const violation = props.violations?.[name as keyof FilterViolations];
    const text = typed[name] ?? '';
    // Only of the text that the address has.
    if (violation === undefined || text !== values[name]) return null;
    if (violation !== 'range') {
      return amountAdvice(violation, { text, currency: config.currency, language });
    }
    const begin = name === 'until' ? 'from' : 'min';
    return typed[begin] === values[begin] ? texts.range[begin] : null;
  };
  return (
    <Form class="card list-filters" label={texts.filters} problem={problem} onSubmit={run}>
      {filters.map((filter) => (
        <FilterField
          key={filter.name}
          filter={filter}
          value={typed[filter.name] ?? ''}
          violation={filter.name === 'customer' ? unknown : violationOf(filter.name)}
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
  onChange: (value: string) => void;
}) {
  const { filter, value, onChange, violation } = props;
  const { name, values, hint } = filter;
  const texts = useTexts(records);
  const { currency } = useConsole().config;
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
      <Field label={label} violation={violation}>
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
  const isAmount = name === 'min' || name === 'max';
  return (
    <TextField
      label={isAmount ? `${label}, ${currency}` : label}
      hint={hint}
      violation={violation}
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
