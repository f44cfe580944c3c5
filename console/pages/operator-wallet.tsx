import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { OperatorOperation } from '#contracts/billing.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import { CUSTOMER_ID } from '#contracts/patterns.ts';
import type { Api } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction, useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { Fact } from '../parts/fact.tsx';
import { TextField } from '../parts/field.tsx';
import { Form } from '../parts/form.tsx';
import { ListPage, usePageOf } from '../parts/list.tsx';
import { Loading, Notice } from '../parts/notices.tsx';
import { OperatorOperations } from '../parts/operator-operations.tsx';
import { OperatorTopUp } from '../parts/operator-top-up.tsx';
import { Page } from '../parts/page.tsx';
import { addressOf } from '../parts/pager.tsx';
import { Money } from '../parts/values.tsx';
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
      <button type="submit" disabled={running}>
        {texts.find}
      </button>
      {found?.data.length === 0 && <Notice tone="bad">{texts.notFound(found.text)}</Notice>}
      {found !== null && found.data.length > 1 && (
        <Notice tone="wait">
          <p>{texts.several}</p>
          <ul>
            {found.data.map(({ customerId, name }) => (
              <li key={customerId}>
                <button type="button" class="plain" onClick={() => choose(customerId)}>
                  {name} · {customerId}
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
      <Fact label={texts.name}>{name}</Fact>
      <Fact label={texts.email}>{email}</Fact>
      <Fact label={texts.id}>
        <code>{customerId}</code>
      </Fact>
      <Fact label={balanceWord}>
        {balance === null ? texts.unknownBalance : <Money value={balance} />}
      </Fact>
    </dl>
  );
}
