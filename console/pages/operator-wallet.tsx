import { useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { OperatorOperation } from '#contracts/billing.ts';
import type { Money as MoneyValue } from '#contracts/common.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import { CUSTOMER_ID } from '#contracts/patterns.ts';
import type { Api } from '../model/api.ts';
import { useTopUp } from '../model/attempt.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { useAction, useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { AmountField, Form, TextField } from '../parts/form.tsx';
import { addressOf, ListPage, usePageOf } from '../parts/list.tsx';
import { Loading, Notice, UnknownOutcome } from '../parts/notices.tsx';
import { OperatorOperations } from '../parts/operator-operations.tsx';
import { Button, Page } from '../parts/page.tsx';
import { Question } from '../parts/question.tsx';
import { Fact, Money } from '../parts/values.tsx';
import { customer as customerTexts } from '../texts/customer.ts';
import { operatorWallet } from '../texts/operator-wallet.ts';

/** Finds a customer; tops up their wallet and undoes mistaken top-ups. */
export function OperatorWalletPage() {
  const texts = useTexts(operatorWallet);
  const { customer } = useLocation().query;
  return (
    <Page title={texts.title} lead={texts.lead}>
      <FindCustomer />
      {customer !== undefined && <CustomerWallet key={customer} customerId={customer} />}
    </Page>
  );
}

// As the API takes ids. Some issuers use addresses as ids.
const CUSTOMER = new RegExp(CUSTOMER_ID);
const ADDRESS = /^[^@]+@[^@]+\.[^@]+$/;

async function find(api: Api, text: string): Promise<OperatorCustomer[]> {
  const read = (query: Record<string, string>) =>
    api.read<PageOf<OperatorCustomer>>('/v1/operator/customers', { query });
  const byAddress = ADDRESS.test(text) ? (await read({ email: text })).data : [];
  return byAddress.length > 0 ? byAddress : (await read({ customerId: text })).data;
}

function FindCustomer() {
  const texts = useTexts(operatorWallet);
  const { api } = useConsole();
  const { query, route } = useLocation();
  const [text, setText] = useState(query.customer ?? '');
  const [checked, setChecked] = useState(false);
  const [found, setFound] = useState<{ text: string; data: OperatorCustomer[] } | null>(null);
  const wanted = text.trim();
  const valid = CUSTOMER.test(wanted);
  const choose = (customerId: string) => {
    setFound(null);
    route(addressOf('/operator/wallets', { customer: customerId }));
  };
  const { run, running, problem } = useAction(async () => {
    const data = await find(api, wanted);
    if (data.length === 1 && data[0] !== undefined) choose(data[0].customerId);
    else setFound({ text: wanted, data });
  });
  const submit = () => {
    setChecked(true);
    setFound(null);
    if (valid) run();
  };
  return (
    <Form label={texts.find} problem={problem} onSubmit={submit}>
      <TextField
        label={texts.customer}
        hint={texts.customerHint}
        violation={checked && !valid ? texts.customerViolation : null}
        value={text}
        onChange={setText}
        input={{ spellcheck: false, autoComplete: 'off' }}
      />
      <Button text={texts.find} disabled={running} />
      {found?.data.length === 0 && <Notice tone="bad">{texts.notFound(found.text)}</Notice>}
      {found !== null && found.data.length > 1 && (
        <Notice tone="wait">
          <p>{texts.several}</p>
          <ul>
            {found.data.map(({ customerId, name }) => (
              <li key={customerId}>
                <button type="button" class="plain" onClick={() => choose(customerId)}>
                  <bdi>{name}</bdi> · {customerId}
                </button>
              </li>
            ))}
          </ul>
        </Notice>
      )}
    </Form>
  );
}

function CustomerWallet({ customerId }: { customerId: string }) {
  const texts = useTexts(operatorWallet);
  const words = useTexts(customerTexts).wallet;
  const { api } = useConsole();
  const customers = useLoad(`customer ${customerId}`, (signal) =>
    api.read<PageOf<OperatorCustomer>>('/v1/operator/customers', { query: { customerId }, signal }),
  );
  const operations = usePageOf<OperatorOperation>(
    `/v1/operator/wallets/${encodeURIComponent(customerId)}/operations`,
  );
  const reload = () => {
    customers.reload();
    operations.reload();
  };
  return (
    <Loading loaded={customers}>
      {({ data: [customer] }) =>
        customer === undefined ? (
          <Notice tone="bad">{texts.notFound(customerId)}</Notice>
        ) : (
          <>
            <CustomerFacts customer={customer} />
            <OperatorTopUp customer={customer} onDone={reload} />
            <h2>{words.operations}</h2>
            <ListPage loaded={operations} none={words.noOperations}>
              {(data) => (
                <OperatorOperations customerId={customerId} operations={data} onUndone={reload} />
              )}
            </ListPage>
          </>
        )
      }
    </Loading>
  );
}

function CustomerFacts({ customer }: { customer: OperatorCustomer }) {
  const texts = useTexts(operatorWallet);
  const { balance: balanceWord } = useTexts(customerTexts).wallet;
  const { balance, customerId, email, name } = customer;
  return (
    <dl class="facts">
      <Fact label={texts.name} text={name} />
      <Fact label={texts.email} text={email} />
      <Fact label={texts.id} code={customerId} />
      <Fact label={balanceWord}>
        {balance === null ? texts.unknownBalance : <Money value={balance} />}
      </Fact>
    </dl>
  );
}

/** Tops up a customer's wallet, after a question that names the sum and the customer. */
function OperatorTopUp(props: { customer: OperatorCustomer; onDone: () => void }) {
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
