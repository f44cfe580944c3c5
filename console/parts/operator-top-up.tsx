import { useRef, useState } from 'preact/hooks';
import type { Money as MoneyValue } from '#contracts/common.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import { useTopUp } from '../model/attempt.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { customer as customerTexts } from '../texts/customer.ts';
import { operatorWallet } from '../texts/operator-wallet.ts';
import { AmountField, Form } from './form.tsx';
import { Notice, UnknownOutcome } from './notices.tsx';
import { Button } from './page.tsx';
import { Question } from './question.tsx';

/** Tops up a customer's wallet, after a question that names the sum and the customer. */
export function OperatorTopUp(props: { customer: OperatorCustomer; onDone: () => void }) {
  const { customer, onDone } = props;
  const texts = useTexts(operatorWallet);
  const words = useTexts(customerTexts).wallet;
  const { config, language, session } = useConsole();
  const { customerId } = customer;
  const [asked, setAsked] = useState<MoneyValue | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const { attempt, check, done, field } = useTopUp({
    name: `attempt.operator-top-up.${session?.customerId}.${customerId}`,
    customerId,
    currency: customer.balance?.currency ?? config.currency,
    onDone: () => {
      setAsked(null);
      onDone();
    },
  });
  const { unresolved, problem, repeating, running } = attempt;
  const money = (value: MoneyValue) => formatMoney(value, language);
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
          <Button look="primary" text={words.topUp} />
        </>
      ) : (
        <Question
          text={texts.ask(money(sum), customer.name)}
          confirm={texts.confirm(money(sum))}
          cancel={texts.cancel}
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
