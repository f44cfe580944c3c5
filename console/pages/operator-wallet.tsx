import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { parseAmount } from '#contracts/amounts.ts';
import type { WalletOperation } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import { useAttempt } from '../attempt.ts';
import { useConsole, useTexts } from '../context.ts';
import { formatMoney } from '../format.ts';
import { topUpWallet } from '../orders.ts';
import { AmountField } from '../parts/amount-field.tsx';
import { TextField } from '../parts/field.tsx';
import { Notice, Problem, UnknownOutcome } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { operator } from '../texts/operator.ts';

// As the API takes it.
const CUSTOMER = /^[\x21-\x7e]{1,255}$/;

interface TopUp {
  customerId: string;
  amount: Money;
}

/** Money for any customer's wallet. */
export function OperatorWalletPage() {
  const texts = useTexts(operator).wallets;
  const { api, facts, language, session } = useConsole();
  const { currency } = facts;
  const { query } = useLocation();
  const [customerId, setCustomerId] = useState(query.customer ?? '');
  const [text, setText] = useState('');
  const [checked, setChecked] = useState(false);
  const [done, setDone] = useState<WalletOperation | null>(null);
  const attempt = useAttempt<TopUp, WalletOperation>(
    `attempt.operator-top-up.${session?.customerId}`,
    {
      send: ({ request, key }) => {
        const path = `/v1/operator/wallets/${encodeURIComponent(request.customerId)}/top-ups`;
        return topUpWallet(api, path, { amount: request.amount, key });
      },
      onEnd: (operation) => {
        setDone(operation);
        setText('');
        setChecked(false);
      },
      resume: true,
    },
  );
  const { kept, problem, running } = attempt;
  const unknown = running ? null : kept;
  const customer = customerId.trim();
  const amount = parseAmount(text, currency, 1);
  const customerFits = CUSTOMER.test(customer);

  return (
    <Page title={texts.title} lead={texts.lead} narrow>
      <form
        class="card form"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setChecked(true);
          setDone(null);
          if (customerFits && typeof amount === 'number' && kept === null) {
            attempt.start({ customerId: customer, amount: { amount, currency } });
          }
        }}
      >
        {unknown !== null ? (
          <UnknownOutcome
            attempt={attempt}
            title={texts.unknown.title}
            lead={texts.unknown.lead(
              formatMoney(unknown.request.amount, language),
              unknown.request.customerId,
            )}
            giveUp={texts.unknown.giveUp}
          />
        ) : (
          problem !== null && <Problem problem={problem} />
        )}
        {done !== null && (
          <Notice tone="good">
            {texts.done(
              formatMoney(done.amount, language),
              formatMoney(done.balanceAfter, language),
            )}
          </Notice>
        )}
        {unknown === null && (
          <>
            <TextField
              label={texts.customer}
              fault={checked && !customerFits ? texts.customerFault : null}
              value={customerId}
              onChange={setCustomerId}
              input={{ spellcheck: false, autoComplete: 'off' }}
            />
            <AmountField label={texts.amount} text={text} onChange={setText} checked={checked} />
            <button type="submit" class="primary" disabled={running}>
              {texts.submit}
            </button>
          </>
        )}
      </form>
    </Page>
  );
}
