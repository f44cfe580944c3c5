import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { WalletOperation } from '#contracts/billing.ts';
import type { Money } from '#contracts/common.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import { newKey } from '../api.ts';
import { useConsole, useTexts } from '../context.ts';
import { formatMoney, parseAmount } from '../format.ts';
import { keepDraft, readDraft } from '../kept.ts';
import { problemOf, useAction } from '../load.ts';
import { repeatedly } from '../orders.ts';
import { operator } from '../texts/operator.ts';
import { TextField } from './field.tsx';
import { Notice, Problem } from './notices.tsx';
import { useOpen } from './use-open.ts';

/** Sent, and the answer not seen yet: kept by the tab, so that a reload adds nothing twice. */
interface Sent {
  amount: Money;
  key: string;
}

/** Money for a customer's wallet, after a question that names both. */
export function TopUpForm(props: { customer: OperatorCustomer; onDone: () => void }) {
  const { customer, onDone } = props;
  const texts = useTexts(operator).wallets;
  const { api, facts, language, session } = useConsole();
  const open = useOpen();
  const currency = customer.balance?.currency ?? facts.currency;
  const draftName = `top-up.${session?.customerId}.${customer.customerId}`;
  const [resumed] = useState(() => readDraft<Sent>(draftName));
  const [text, setText] = useState('');
  const [checked, setChecked] = useState(false);
  const [asked, setAsked] = useState<Sent | null>(resumed);
  const [done, setDone] = useState<WalletOperation | null>(null);
  const form = useRef<HTMLFormElement>(null);

  const { run, running, problem } = useAction(async (sent: Sent) => {
    keepDraft(draftName, sent);
    const ask = () =>
      api.send<WalletOperation>(
        'POST',
        `/v1/operator/wallets/${encodeURIComponent(customer.customerId)}/top-ups`,
        { body: { amount: sent.amount }, headers: { 'idempotency-key': sent.key } },
      );
    try {
      const answer = await repeatedly(ask, { signal: open });
      keepDraft(draftName, null);
      setAsked(null);
      setText('');
      setChecked(false);
      setDone(answer.body);
      onDone();
    } catch (error) {
      // Left or signed out: the same key finds out how it ended when the page is open again.
      if (open.aborted || problemOf(error).status === 401) return;
      keepDraft(draftName, null);
      setAsked(null);
      throw error;
    }
  });

  // Once, when the page opens.
  useEffect(() => {
    if (resumed !== null) run(resumed);
  }, []);

  const amount = parseAmount(text, currency);
  const fits = amount !== null && amount >= 1;
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
        if (fits) setAsked({ amount: { amount, currency }, key: newKey() });
      }}
    >
      {problem !== null && <Problem problem={problem} />}
      {done !== null && (
        <Notice tone="good">
          {texts.done(formatMoney(done.amount, language), formatMoney(done.balanceAfter, language))}
        </Notice>
      )}
      {running && resumed !== null && <Notice tone="wait">{texts.resumed}</Notice>}
      {asked === null ? (
        <>
          <TextField
            label={texts.amount}
            fault={checked && !fits ? texts.amountFault : null}
            value={text}
            onChange={setText}
            input={{ inputMode: 'decimal' }}
          />
          <button type="submit" class="primary">
            {texts.submit}
          </button>
        </>
      ) : (
        <Question
          text={texts.ask(formatMoney(asked.amount, language), customer.name)}
          confirm={texts.confirm(formatMoney(asked.amount, language))}
          running={running}
          onConfirm={() => run(asked)}
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
