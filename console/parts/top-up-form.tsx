import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import { parseAmount } from '#contracts/amounts.ts';
import type { WalletOperation } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import { useAttempt } from '../model/attempt.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { topUpWallet } from '../model/orders.ts';
import { operator } from '../texts/operator.ts';
import { AmountField } from './amount-field.tsx';
import { Notice, Problem, UnknownOutcome } from './notices.tsx';

/** Money for a customer's wallet, after a question that names both. */
export function TopUpForm(props: { customer: OperatorCustomer; onDone: () => void }) {
  const { customer, onDone } = props;
  const texts = useTexts(operator).wallets;
  const { api, facts, language, session } = useConsole();
  const { customerId } = customer;
  const currency = customer.balance?.currency ?? facts.currency;
  const [text, setText] = useState('');
  const [checked, setChecked] = useState(false);
  const [asked, setAsked] = useState<Money | null>(null);
  const [done, setDone] = useState<WalletOperation | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const attempt = useAttempt<Money, WalletOperation>(
    `attempt.operator-top-up.${session?.customerId}.${customerId}`,
    {
      send: ({ request: amount, key }) => {
        const path = `/v1/operator/wallets/${encodeURIComponent(customerId)}/top-ups`;
        return topUpWallet(api, path, { amount, key });
      },
      onEnd: (operation) => {
        setDone(operation);
        setAsked(null);
        setText('');
        setChecked(false);
        onDone();
      },
      resume: true,
    },
  );
  const { kept, problem, repeating, running } = attempt;
  const amount = parseAmount(text, currency, 1);
  if (kept !== null && !running) {
    return (
      <UnknownOutcome
        attempt={attempt}
        title={texts.unknown.title}
        lead={texts.unknown.lead(formatMoney(kept.request, language), customer.name)}
        giveUp={texts.unknown.giveUp}
        onGiveUp={() => setAsked(null)}
      />
    );
  }
  const sum = kept?.request ?? asked;
  return (
    <form
      ref={form}
      class="card form"
      aria-label={texts.topUp}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setChecked(true);
        setDone(null);
        if (typeof amount === 'number') setAsked({ amount, currency });
      }}
    >
      {problem !== null && <Problem problem={problem} />}
      {done !== null && (
        <Notice tone="good">
          {texts.done(formatMoney(done.amount, language), formatMoney(done.balanceAfter, language))}
        </Notice>
      )}
      {running && repeating && <Notice tone="wait">{texts.resumed}</Notice>}
      {sum === null ? (
        <>
          <AmountField
            label={texts.amount}
            text={text}
            onChange={setText}
            checked={checked}
            currency={currency}
          />
          <button type="submit" class="primary">
            {texts.submit}
          </button>
        </>
      ) : (
        <Question
          text={texts.ask(formatMoney(sum, language), customer.name)}
          confirm={texts.confirm(formatMoney(sum, language))}
          running={running}
          onConfirm={() => attempt.start(sum)}
          onCancel={() => {
            setAsked(null);
            // The button that was pressed goes, and the focus would go with it.
            requestAnimationFrame(() => form.current?.querySelector('input')?.focus());
          }}
        />
      )}
    </form>
  );
}

function Question(props: {
  text: string;
  confirm: string;
  running: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}) {
  const texts = useTexts(operator).wallets;
  const { text, confirm, running, onConfirm, onCancel } = props;
  const group = useRef<HTMLDivElement>(null);
  // A keyboard goes on here. Not at the button: a second Enter must not be a yes.
  useLayoutEffect(() => group.current?.focus(), []);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would show as one more card
    <div ref={group} class="form" role="group" aria-label={text} tabIndex={-1}>
      <p>{text}</p>
      <div class="actions">
        <button type="button" class="primary" disabled={running} onClick={onConfirm}>
          {confirm}
        </button>
        <button type="button" disabled={running} onClick={onCancel}>
          {texts.cancel}
        </button>
      </div>
    </div>
  );
}
