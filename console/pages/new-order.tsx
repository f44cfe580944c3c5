import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { Wallet } from '#contracts/billing.ts';
import type { Money as MoneyValue } from '#contracts/common.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { newKey } from '../api.ts';
import { useConsole, useTexts } from '../context.ts';
import { keepDraft, readDraft } from '../kept.ts';
import { problemOf, useAction, useLoad } from '../load.ts';
import {
  emptyRow,
  faultsOfRow,
  itemsOf,
  type OrderRow,
  type RowFault,
  totalOfRows,
} from '../order-form.ts';
import { placeOrder } from '../orders.ts';
import { TextField } from '../parts/field.tsx';
import { Icon } from '../parts/icons.tsx';
import { Notice, Problem } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { useOpen } from '../parts/use-open.ts';
import { Money } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';

/** What this tab keeps of the form, so that a reload loses nothing and orders nothing twice. */
interface Draft {
  rows: OrderRow[];
  /** Sent, and the answer not seen yet. */
  sent: { items: OrderItem[]; key: string } | null;
}

const ITEMS_MAX = 100;

/** Items, the live total, what the balance allows; the answer is the order's own page. */
export function NewOrderPage() {
  const texts = useTexts(customer).newOrder;
  const { api, facts, session } = useConsole();
  const { route } = useLocation();
  const open = useOpen();
  const draftName = `order.${session?.customerId}`;
  const [draft, setDraft] = useState<Draft>(
    () => readDraft<Draft>(draftName) ?? { rows: [emptyRow()], sent: null },
  );
  const [resumed] = useState(draft.sent !== null);
  const [checked, setChecked] = useState(false);
  const [repeating, setRepeating] = useState(false);
  const change = (next: Draft) => {
    keepDraft(draftName, next);
    setDraft(next);
  };

  const wallet = useLoad('wallet', (signal) => api.read<Wallet>('/v1/wallet', { signal }));
  const total = totalOfRows(draft.rows, facts.currency);

  const send = useAction(async (sent: { items: OrderItem[]; key: string }) => {
    setRepeating(false);
    change({ ...draft, sent });
    try {
      const onRepeat = () => setRepeating(true);
      const order = await placeOrder(api, sent, { signal: open, onRepeat });
      keepDraft(draftName, null);
      route(`/orders/${order.id}`, true);
    } catch (error) {
      // Left or signed out: the same key finds out how it ended when the page is there again. An
      // expired token says nothing about a former try, whose answer may have been lost.
      if (open.aborted || problemOf(error).status === 401) return;
      setRepeating(false);
      change({ ...draft, sent: null });
      throw error;
    }
  });

  // Once, when the page opens.
  useEffect(() => {
    if (draft.sent !== null) send.run(draft.sent);
  }, []);

  const setRow = (index: number, row: OrderRow) =>
    change({ ...draft, rows: draft.rows.map((each, i) => (i === index ? row : each)) });

  const submit = () => {
    setChecked(true);
    const items = itemsOf(draft.rows, facts.currency);
    if (items !== null && total.kind === 'sum') send.run({ items, key: newKey() });
  };

  return (
    <Page title={texts.title}>
      <form
        class="order-form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        {/* What is under way stays as it was sent. */}
        <fieldset class="card" aria-label={texts.items} disabled={send.running}>
          <ol class="order-rows">
            {draft.rows.map((row, index) => (
              <li key={row.id}>
                <ItemRow
                  number={index + 1}
                  row={row}
                  faults={checked ? faultsOfRow(row, facts.currency) : []}
                  onChange={(next) => setRow(index, next)}
                  onRemove={
                    draft.rows.length === 1
                      ? null
                      : () => change({ ...draft, rows: draft.rows.filter((each) => each !== row) })
                  }
                />
              </li>
            ))}
          </ol>
          {draft.rows.length < ITEMS_MAX && (
            <button
              type="button"
              class="plain"
              onClick={() => change({ ...draft, rows: [...draft.rows, emptyRow()] })}
            >
              <Icon name="plus" />
              {texts.addItem}
            </button>
          )}
        </fieldset>
        <section class="card summary" aria-label={texts.total}>
          <Summary total={total} balance={wallet.data?.balance ?? null} />
          {send.problem !== null && <Problem problem={send.problem} />}
          {checked && total.kind !== 'sum' && (
            <p class="fault" role="alert">
              {total.kind === 'too-large' ? texts.tooLarge : texts.totalFault}
            </p>
          )}
          <button type="submit" class="primary wide" disabled={send.running}>
            {send.running ? texts.paying : texts.submit}
          </button>
          {send.running && (repeating || resumed) && (
            <Notice tone="wait">{repeating ? texts.repeating : texts.resumed}</Notice>
          )}
        </section>
      </form>
    </Page>
  );
}

function ItemRow(props: {
  number: number;
  row: OrderRow;
  faults: RowFault[];
  onChange: (row: OrderRow) => void;
  /** Null for the only one. */
  onRemove: (() => void) | null;
}) {
  const texts = useTexts(customer).newOrder;
  const { number, row, faults, onChange, onRemove } = props;
  return (
    <fieldset class="order-row">
      <legend class="unseen">{texts.item(number)}</legend>
      <TextField
        label={texts.name}
        fault={faults.includes('name') ? texts.nameFault : null}
        value={row.name}
        onChange={(value) => onChange({ ...row, name: value })}
        input={{ maxLength: 200 }}
      />
      <TextField
        label={texts.quantity}
        fault={faults.includes('quantity') ? texts.quantityFault : null}
        value={row.quantity}
        onChange={(value) => onChange({ ...row, quantity: value })}
        input={{ inputMode: 'numeric' }}
      />
      <TextField
        label={texts.price}
        fault={faults.includes('price') ? texts.priceFault : null}
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

function Summary(props: { total: ReturnType<typeof totalOfRows>; balance: MoneyValue | null }) {
  const texts = useTexts(customer).newOrder;
  const { currency } = useConsole().facts;
  const { total, balance } = props;
  const amount = total.kind === 'sum' ? total.amount : 0;
  // Amounts of two currencies are not subtracted: only a wrong setting shows both.
  const left = balance?.currency === currency ? balance.amount - amount : null;
  return (
    <>
      <dl class="sums" aria-live="polite">
        <div class="sum-total">
          <dt>{texts.total}</dt>
          <dd>
            <Money value={{ amount, currency }} />
          </dd>
        </div>
        {balance !== null && (
          <div>
            <dt>{texts.onWallet}</dt>
            <dd>
              <Money value={balance} />
            </dd>
          </div>
        )}
        {left !== null && (
          <div class={left < 0 ? 'lacking' : undefined}>
            <dt>{left < 0 ? texts.lacking : texts.left}</dt>
            <dd>
              <Money value={{ amount: Math.abs(left), currency }} />
            </dd>
          </div>
        )}
      </dl>
      {left !== null && left < 0 && <p class="fault">{texts.willCancel}</p>}
    </>
  );
}
