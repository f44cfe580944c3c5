import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { amountAdvice, ITEM_NAME_MAX, ITEMS_MAX, parseAmount } from '#contracts/amounts.ts';
import type { Wallet } from '#contracts/billing.ts';
import { AMOUNT_MAX } from '#contracts/currency.ts';
import type { PublicOrder } from '#contracts/gateway.ts';
import type { OrderContent, OrderItem } from '#contracts/orders.ts';
import { type Attempting, useAttempt } from '../model/attempt.ts';
import { readDraft, storeDraft } from '../model/browser-storage.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatList, formatMoney } from '../model/format.ts';
import { useLoad } from '../model/load.ts';
import {
  emptyRow,
  itemsOf,
  type OrderRow,
  type RowViolation,
  rowsOutsideTotal,
  type Total,
  totalOfRows,
  violationsOfRow,
} from '../model/order-form.ts';
import { placeOrder } from '../model/orders.ts';
import { Form, TextField } from '../parts/form.tsx';
import { Icon } from '../parts/icons.tsx';
import { Notice, Problem, UnknownOutcome } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { Fact, Money } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';

/** Items, the total and the balance; after sending, the page of the order follows. */
export function NewOrderPage() {
  const texts = useTexts(customer).newOrder;
  const { api, config, session } = useConsole();
  const { currency } = config;
  const { route } = useLocation();
  const draftName = `order.${session?.customerId}`;
  const attemptName = `attempt.${draftName}`;
  const [draft, setDraft] = useOrderDraft(draftName, attemptName);
  const { rows } = draft;
  const [checked, setChecked] = useState(false);
  const total = totalOfRows(rows, currency);
  const outside = rowsOutsideTotal(rows, currency, checked);
  const attempt = useAttempt<OrderContent | OrderItem[], PublicOrder>(attemptName, {
    // An earlier version of the console stored the items alone.
    send: (request, delivery) =>
      placeOrder(api, Array.isArray(request) ? { items: request } : request, delivery),
    onEnd: (order) => {
      storeDraft(draftName, null);
      route(`/orders/${order.id}`, true);
    },
    resume: true,
  });
  const submit = () => {
    setChecked(true);
    const items = itemsOf(rows, currency);
    const ready = items !== null && total.kind === 'sum' && attempt.unresolved === null;
    if (ready) attempt.start({ items });
  };
  return (
    <Page title={texts.title}>
      <Form class="order-form" onSubmit={submit}>
        {/* The items stay as they were sent until the outcome is known. */}
        <fieldset class="card" aria-label={texts.items} disabled={attempt.unresolved !== null}>
          <ItemRows rows={rows} checked={checked} onChange={(next) => setDraft({ rows: next })} />
        </fieldset>
        <section class="card summary" aria-label={texts.total}>
          <Summary total={total} outside={outside} />
          {checked && total.kind !== 'sum' && !(total.kind === 'nothing' && outside.length > 0) && (
            <TotalViolation total={total} />
          )}
          <Submission attempt={attempt} />
        </section>
      </Form>
    </Page>
  );
}

/** The form as typed. */
interface Draft {
  rows: OrderRow[];
}

/** The form. This tab stores it, so that a reload loses nothing. */
function useOrderDraft(name: string, attemptName: string) {
  const [draft, setState] = useState(() => readOrderDraft(name, attemptName));
  const setDraft = (change: Partial<Draft>) => {
    const next = { ...draft, ...change };
    storeDraft(name, next);
    setState(next);
  };
  return [draft, setDraft] as const;
}

/** An earlier version of the console stored a sent order with the rows; it becomes an attempt. */
function readOrderDraft(name: string, attemptName: string): Draft {
  const stored = readDraft<Draft & { sent?: { items: OrderItem[]; key: string } | null }>(name);
  const { sent, ...draft } = stored ?? { rows: [emptyRow()] };
  if (sent) {
    storeDraft(attemptName, { request: sent.items, key: sent.key });
    storeDraft(name, draft);
  }
  return draft;
}

function ItemRows(props: {
  rows: OrderRow[];
  checked: boolean;
  onChange: (rows: OrderRow[]) => void;
}) {
  const { rows, checked, onChange } = props;
  const texts = useTexts(customer).newOrder;
  const { currency } = useConsole().config;
  const list = useRef<HTMLOListElement>(null);
  /** The row that gets the focus once it is drawn: it was added, or another one was removed. */
  const focusNext = useRef<number | null>(null);
  // Before the row is drawn: keys that a person presses next belong to it.
  useLayoutEffect(() => {
    const row = focusNext.current === null ? null : list.current?.children[focusNext.current];
    focusNext.current = null;
    row?.querySelector('input')?.focus();
  }, [rows.length]);
  const add = () => {
    focusNext.current = rows.length;
    onChange([...rows, emptyRow()]);
  };
  const remove = (row: OrderRow) => {
    focusNext.current = Math.max(0, rows.indexOf(row) - 1);
    onChange(rows.filter((each) => each !== row));
  };
  return (
    <>
      <ol ref={list} class="order-rows">
        {rows.map((row, index) => (
          <li key={row.id}>
            <ItemRow
              number={index + 1}
              row={row}
              violations={checked ? violationsOfRow(row, currency) : []}
              onChange={(next) => onChange(rows.with(index, next))}
              onRemove={rows.length === 1 ? null : () => remove(row)}
            />
          </li>
        ))}
      </ol>
      {rows.length < ITEMS_MAX && (
        <button type="button" class="plain" onClick={add}>
          <Icon name="plus" />
          {texts.addItem}
        </button>
      )}
    </>
  );
}

function ItemRow(props: {
  number: number;
  row: OrderRow;
  violations: RowViolation[];
  onChange: (row: OrderRow) => void;
  /** Null for the only one. */
  onRemove: (() => void) | null;
}) {
  const texts = useTexts(customer).newOrder;
  const { config, language } = useConsole();
  const { currency } = config;
  const { number, row, violations, onChange, onRemove } = props;
  const price = parseAmount(row.price, currency);
  const priceViolation =
    typeof price === 'number' ? null : amountAdvice(price, { text: row.price, currency, language });
  return (
    <fieldset class="order-row">
      <legend class="unseen">{texts.item(number)}</legend>
      <TextField
        label={texts.name}
        violation={violations.includes('name') ? texts.nameViolation : null}
        value={row.name}
        onChange={(value) => onChange({ ...row, name: value })}
        input={{ maxLength: ITEM_NAME_MAX }}
      />
      <TextField
        label={texts.quantity}
        violation={violations.includes('quantity') ? texts.quantityViolation : null}
        value={row.quantity}
        onChange={(value) => onChange({ ...row, quantity: value })}
        input={{ inputMode: 'numeric' }}
      />
      <TextField
        label={texts.price}
        violation={violations.includes('price') ? priceViolation : null}
        value={row.price}
        onChange={(value) => onChange({ ...row, price: value })}
        input={{ inputMode: 'decimal' }}
      />
      {onRemove !== null && (
        <button
          type="button"
          class="plain icon-only"
          aria-label={texts.removeItem(number)}
          title={texts.removeItem(number)}
          onClick={onRemove}
        >
          <Icon name="remove" />
        </button>
      )}
    </fieldset>
  );
}

function TotalViolation({ total }: { total: Total }) {
  const texts = useTexts(customer).newOrder;
  const { config, language } = useConsole();
  const most = formatMoney({ amount: AMOUNT_MAX, currency: config.currency }, language);
  return (
    <p class="error" role="alert">
      {total.kind === 'too-large' ? texts.tooLarge(most) : texts.totalViolation}
    </p>
  );
}

/** The button, or what became of the order that was sent. */
function Submission({ attempt }: { attempt: Attempting<OrderContent | OrderItem[]> }) {
  const texts = useTexts(customer).newOrder;
  const { unresolved, problem, repeating, running } = attempt;
  const [initialKey] = useState(unresolved?.key);
  const resumed = unresolved?.key === initialKey;
  if (unresolved !== null && !running) {
    return <UnknownOutcome attempt={attempt} {...texts.unknown} />;
  }
  return (
    <>
      <Problem problem={problem} />
      <button type="submit" class="primary wide" disabled={running}>
        {running ? texts.paying : texts.submit}
      </button>
      {running && (repeating || resumed) && (
        <Notice tone="wait">{resumed ? texts.resumed : texts.repeating}</Notice>
      )}
    </>
  );
}

function Summary({ total, outside }: { total: Total; outside: number[] }) {
  const texts = useTexts(customer).newOrder;
  const { api, config, language } = useConsole();
  const { currency } = config;
  const wallet = useLoad('wallet', (signal) => api.read<Wallet>('/v1/wallet', { signal }));
  const balance = wallet.data?.balance ?? null;
  const amount = total.kind === 'sum' ? total.amount : 0;
  // Amounts of two currencies cannot be subtracted; only wrong settings show both.
  const left = balance?.currency === currency ? balance.amount - amount : null;
  const short = left !== null && left < 0;
  const outsideNames = (numbers: number[]) =>
    formatList(
      numbers.map((number) => texts.item(number).toLocaleLowerCase(language)),
      language,
    );
  return (
    <>
      <dl class="sums" aria-live="polite">
        <Fact label={texts.total} class="sum-total">
          <Money value={{ amount, currency }} />
        </Fact>
        {balance !== null && (
          <Fact label={texts.onWallet}>
            <Money value={balance} />
          </Fact>
        )}
        {left !== null && (
          <Fact label={short ? texts.shortBy : texts.left} class={short ? 'short' : undefined}>
            <Money value={{ amount: Math.abs(left), currency }} />
          </Fact>
        )}
      </dl>
      {outside.length > 0 && <p class="error">{texts.outsideTotal(outsideNames(outside))}</p>}
      {short && (
        <p class="error">
          {texts.willCancel}{' '}
          {config.selfTopUp && <a href={`/wallet?lacks=${-left}`}>{texts.toTopUp}</a>}
        </p>
      )}
    </>
  );
}
