import { useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { WalletOperation } from '#contracts/billing.ts';
import { newKey } from '../api.ts';
import { useConsole, useTexts } from '../context.ts';
import { formatMoney, parseAmount } from '../format.ts';
import { useAction } from '../load.ts';
import { repeatedly } from '../orders.ts';
import { TextField } from '../parts/field.tsx';
import { Notice, Problem } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { useOpen } from '../parts/use-open.ts';
import { operator } from '../texts/operator.ts';

// As the API takes it.
const CUSTOMER = /^[\x21-\x7e]{1,255}$/;

interface TopUp {
  customerId: string;
  amount: number;
}

/** Money for any customer's wallet. */
export function OperatorWalletPage() {
  const texts = useTexts(operator).wallets;
  const { api, facts, language } = useConsole();
  const { currency } = facts;
  const { query } = useLocation();
  const open = useOpen();
  const [customerId, setCustomerId] = useState(query.customer ?? '');
  const [text, setText] = useState('');
  const [checked, setChecked] = useState(false);
  const [done, setDone] = useState<WalletOperation | null>(null);
  // One key for what is on the screen: pressing again after a lost answer adds nothing.
  const key = useRef<(TopUp & { key: string }) | null>(null);

  const customer = customerId.trim();
  const amount = parseAmount(text, currency);
  const customerFits = CUSTOMER.test(customer);
  const amountFits = amount !== null && amount >= 1;

  const { run, running, problem } = useAction(async (topUp: TopUp) => {
    setDone(null);
    const kept = key.current;
    if (kept?.amount !== topUp.amount || kept.customerId !== topUp.customerId) {
      key.current = { ...topUp, key: newKey() };
    }
    const ask = () =>
      api.send<WalletOperation>(
        'POST',
        `/v1/operator/wallets/${encodeURIComponent(topUp.customerId)}/top-ups`,
        {
          body: { amount: { amount: topUp.amount, currency } },
          headers: { 'idempotency-key': key.current?.key ?? newKey() },
        },
      );
    const answer = await repeatedly(ask, { signal: open });
    key.current = null;
    setDone(answer.body);
    setText('');
    setChecked(false);
  });

  return (
    <Page title={texts.title} lead={texts.lead} narrow>
      <form
        class="card form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setChecked(true);
          if (customerFits && amountFits) run({ customerId: customer, amount });
        }}
      >
        {problem !== null && <Problem problem={problem} />}
        {done !== null && (
          <Notice tone="good">
            {texts.done(
              formatMoney(done.amount, language),
              formatMoney(done.balanceAfter, language),
            )}
          </Notice>
        )}
        <TextField
          label={texts.customer}
          fault={checked && !customerFits ? texts.customerFault : null}
          value={customerId}
          onChange={setCustomerId}
          input={{ spellcheck: false, autoComplete: 'off' }}
        />
        <TextField
          label={texts.amount}
          fault={checked && !amountFits ? texts.amountFault : null}
          value={text}
          onChange={setText}
          input={{ inputMode: 'decimal' }}
        />
        <button type="submit" class="primary" disabled={running}>
          {texts.submit}
        </button>
      </form>
    </Page>
  );
}
