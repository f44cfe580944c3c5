import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Money } from '#contracts/common.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { useTopUp } from '../model/top-up.ts';
import { customer as customerTexts } from '../texts/customer.ts';
import { operatorWallet } from '../texts/operator-wallet.ts';
import { AmountField } from './amount-field.tsx';
import { Form } from './form.tsx';
import { Notice, UnknownOutcome } from './notices.tsx';

/** Tops up a customer's wallet, after a question that names the sum and the customer. */
export function OperatorTopUp(props: { customer: OperatorCustomer; onDone: () => void }) {
  const { customer, onDone } = props;
  const texts = useTexts(operatorWallet);
  const words = useTexts(customerTexts).wallet;
  const { config, language, session } = useConsole();
  const { customerId } = customer;
  const [asked, setAsked] = useState<Money | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const { attempt, check, done, field } = useTopUp({
    name: `attempt.operator-top-up.${session?.customerId}.${customerId}`,
    path: `/v1/operator/wallets/${encodeURIComponent(customerId)}/top-ups`,
    currency: customer.balance?.currency ?? config.currency,
    onDone: () => {
      setAsked(null);
      onDone();
    },
  });
  const { unresolved, problem, repeating, running } = attempt;
  const money = (value: Money) => formatMoney(value, language);
  if (unresolved !== null && !running) {
    return (
      <UnknownOutcome
        attempt={attempt}
        title={texts.unknown.title}
        lead={texts.unknown.lead(money(unresolved.request), customer.name)}
        giveUp={texts.unknown.giveUp}
        onGiveUp={() => setAsked(null)}
      />
    );
  }
  const sum = unresolved?.request ?? asked;
  return (
    <Form form={form} label={words.topUp} problem={problem} onSubmit={() => setAsked(check())}>
      {done !== null && (
        <Notice tone="good">{texts.done(money(done.amount), money(done.balanceAfter))}</Notice>
      )}
      {running && repeating && <Notice tone="wait">{texts.resumed}</Notice>}
      {sum === null ? (
        <>
          <AmountField label={words.amount} {...field} />
          <button type="submit" class="primary">
            {words.topUp}
          </button>
        </>
      ) : (
        <Question
          text={texts.ask(money(sum), customer.name)}
          confirm={texts.confirm(money(sum))}
          running={running}
          onConfirm={() => attempt.start(sum)}
          onCancel={() => {
            setAsked(null);
            // The pressed button disappears, and the focus would be lost with it.
            requestAnimationFrame(() => form.current?.querySelector('input')?.focus());
          }}
        />
      )}
    </Form>
  );
}

function Question(props: {
  text: string;
  confirm: string;
  running: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}) {
  const texts = useTexts(operatorWallet);
  const { text, confirm, running, onConfirm, onCancel } = props;
  const group = useRef<HTMLDivElement>(null);
  // Not the button: a second Enter must not confirm.
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
