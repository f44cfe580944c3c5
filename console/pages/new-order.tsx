import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { amountAdvice, ITEM_NAME_MAX, ITEMS_MAX, parseAmount } from '#contracts/amounts.ts';
import type { Wallet } from '#contracts/billing.ts';
import type { Money as MoneyValue } from '#contracts/common.ts';
import { AMOUNT_MAX } from '#contracts/currency.ts';
import type { PublicOrder } from '#contracts/gateway.ts';
import type { OrderItem } from '#contracts/orders.ts';
import { useAttempt } from '../model/attempt.ts';
import { keepDraft, readDraft } from '../model/browser-storage.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { useLoad } from '../model/load.ts';
import {
  emptyRow,
  faultsOfRow,
  itemsOf,
  type OrderRow,
  type RowFault,
  totalOfRows,
} from '../model/order-form.ts';
import { placeOrder } from '../model/orders.ts';
import { TextField } from '../parts/field.tsx';
import { Icon } from '../parts/icons.tsx';
import { Notice, Problem, UnknownOutcome } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { Money } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';

/** What this tab keeps of the form, so that a reload loses nothing. */
interface Draft {
  rows: OrderRow[];
}

/** The rows as this tab kept them; what an earlier version of the console sent becomes an attempt. */
function readRows(name: string, attempt: string): Draft {
  const draft = readDraft<Draft & { sent?: { items: OrderItem[]; key: string } | null }>(name);
  if (draft?.sent) {
    keepDraft(attempt, { request: draft.sent.items, key: draft.sent.key });
    keepDraft(name, { rows: draft.rows });
  }
  return { rows: draft?.rows ?? [emptyRow()] };
}

/** Items, the live total, what the balance allows; the answer is the order's own page. */
export function NewOrderPage() {
  const texts = useTexts(customer).newOrder;
  const { api, facts, session, language } = useConsole();
  const { route } = useLocation();
  const draftName = `order.${session?.customerId}`;
  const attemptName = `attempt.${draftName}`;
  const [draft, setDraft] = useState<Draft>(() => readRows(draftName, attemptName));
  const [checked, setChecked] = useState(false);
  const change = (next: Draft) => {
    keepDraft(draftName, next);
    setDraft(next);
  };

  const wallet = useLoad('wallet', (signal) => api.read<Wallet>('/v1/wallet', { signal }));
  const total = totalOfRows(draft.rows, facts.currency);
  const attempt = useAttempt<OrderItem[], PublicOrder>(attemptName, {
    send: ({ request: items, key }) => placeOrder(api, { items, key }),
    onEnd: (order) => {
      keepDraft(draftName, null);
      route(`/orders/${order.id}`, true);
    },
    resume: true,
  });
  const { kept, problem, repeating, running } = attempt;
  const [keptAtFirst] = useState(kept?.key);
  const resumed = kept?.key === keptAtFirst;
  const unknown = kept !== null && !running;
  const most = formatMoney({ amount: AMOUNT_MAX, currency: facts.currency }, language);

  const setRow = (index: number, row: OrderRow) =>
    change({ ...draft, rows: draft.rows.map((each, i) => (i === index ? row : each)) });

  const submit = () => {
    setChecked(true);
    const items = itemsOf(draft.rows, facts.currency);
    if (items !== null && total.kind === 'sum' && kept === null) attempt.start(items);
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
        {/* What was sent stays as it was until its outcome is known. */}
        <fieldset class="card" aria-label={texts.items} disabled={kept !== null}>
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
          {problem !== null && !unknown && <Problem problem={problem} />}
          {checked && total.kind !== 'sum' && (
            <p class="fault" role="alert">
              {total.kind === 'too-large' ? texts.tooLarge(most) : texts.totalFault}
            </p>
          )}
          {unknown ? (
            <UnknownOutcome attempt={attempt} {...texts.unknown} />
          ) : (
            <button type="submit" class="primary wide" disabled={running}>
              {running ? texts.paying : texts.submit}
            </button>
          )}
          {running && (repeating || resumed) && (
            <Notice tone="wait">{resumed ? texts.resumed : texts.repeating}</Notice>
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
  const { facts, language } = useConsole();
  const { currency } = facts;
  const { number, row, faults, onChange, onRemove } = props;
  const price = parseAmount(row.price, currency);
  const priceFault =
    typeof price === 'number' ? null : amountAdvice(price, { text: row.price, currency, language });
  return (
    <fieldset class="order-row">
      <legend class="unseen">{texts.item(number)}</legend>
      <TextField
        label={texts.name}
        fault={faults.includes('name') ? texts.nameFault : null}
        value={row.name}
        onChange={(value) => onChange({ ...row, name: value })}
        input={{ maxLength: ITEM_NAME_MAX }}
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
        fault={faults.includes('price') ? priceFault : null}
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
