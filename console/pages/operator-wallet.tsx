import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { OperatorOperation } from '#contracts/billing.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import type { Api } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction, useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { Fact } from '../parts/fact.tsx';
import { TextField } from '../parts/field.tsx';
import { Empty, Loading, Notice, Problem } from '../parts/notices.tsx';
import { OperatorOperations } from '../parts/operator-operations.tsx';
import { Page } from '../parts/page.tsx';
import { addressOf, Pager } from '../parts/pager.tsx';
import { TopUpForm } from '../parts/top-up-form.tsx';
import { Money } from '../parts/values.tsx';
import { operator } from '../texts/operator.ts';

/** The wallet of a customer: found, shown, topped up, and mistaken top-ups undone. */
export function OperatorWalletPage() {
  const texts = useTexts(operator).wallets;
  const { customer } = useLocation().query;
  return (
    <Page title={texts.title} lead={texts.lead}>
      <FindCustomer />
      {customer !== undefined && <CustomerWallet key={customer} customerId={customer} />}
    </Page>
  );
}

// As the API takes ids; an address is an id, too, to an issuer that makes it one.
const CUSTOMER = /^[\x21-\x7e]{1,255}$/;
const ADDRESS = /^[^@]+@[^@]+\.[^@]+$/;

async function find(api: Api, text: string): Promise<OperatorCustomer[]> {
  const read = (query: Record<string, string>) =>
    api.read<PageOf<OperatorCustomer>>('/v1/operator/customers', { query });
  const byAddress = ADDRESS.test(text) ? (await read({ email: text })).data : [];
  return byAddress.length > 0 ? byAddress : (await read({ customerId: text })).data;
}

function FindCustomer() {
  const texts = useTexts(operator).wallets;
  const { api } = useConsole();
  const { query, route } = useLocation();
  const [text, setText] = useState(query.customer ?? '');
  const [checked, setChecked] = useState(false);
  const [found, setFound] = useState<{ text: string; data: OperatorCustomer[] } | null>(null);
  const wanted = text.trim();
  const fits = CUSTOMER.test(wanted);
  const choose = (customerId: string) => {
    setFound(null);
    route(addressOf('/operator/wallets', { customer: customerId }));
  };
  const { run, running, problem } = useAction(async () => {
    const data = await find(api, wanted);
    if (data.length === 1 && data[0] !== undefined) choose(data[0].customerId);
    else setFound({ text: wanted, data });
  });
  return (
    <form
      class="card form"
      aria-label={texts.find}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setChecked(true);
        setFound(null);
        if (fits) run();
      }}
    >
      {problem !== null && <Problem problem={problem} />}
      <TextField
        label={texts.customer}
        hint={texts.customerHint}
        fault={checked && !fits ? texts.customerFault : null}
        value={text}
        onChange={setText}
        input={{ spellcheck: false, autoComplete: 'off' }}
      />
      <button type="submit" disabled={running}>
        {texts.find}
      </button>
      {found?.data.length === 0 && <Notice tone="bad">{texts.nobody(found.text)}</Notice>}
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
    </form>
  );
}

function CustomerWallet({ customerId }: { customerId: string }) {
  const texts = useTexts(operator).wallets;
  const { api } = useConsole();
  const { query } = useLocation();
  const customers = useLoad(`customer ${customerId}`, (signal) =>
    api.read<PageOf<OperatorCustomer>>('/v1/operator/customers', { query: { customerId }, signal }),
  );
  const operations = useLoad(`operations ${customerId} ${query.cursor}`, (signal) =>
    api.read<PageOf<OperatorOperation>>(
      `/v1/operator/wallets/${encodeURIComponent(customerId)}/operations`,
      { query: { limit: 20, cursor: query.cursor }, signal },
    ),
  );
  const reload = () => {
    customers.reload();
    operations.reload();
  };
  return (
    <Loading loaded={customers}>
      {({ data: [customer] }) =>
        customer === undefined ? (
          <Notice tone="bad">{texts.nobody(customerId)}</Notice>
        ) : (
          <>
            <CustomerFacts customer={customer} />
            <TopUpForm customer={customer} onDone={reload} />
            <h2>{texts.operations}</h2>
            <Loading loaded={operations}>
              {({ data, nextCursor }) =>
                data.length === 0 ? (
                  <Empty title={texts.noOperations} />
                ) : (
                  <>
                    <OperatorOperations
                      customerId={customerId}
                      operations={data}
                      onUndone={reload}
                    />
                    <Pager nextCursor={nextCursor} />
                  </>
                )
              }
            </Loading>
          </>
        )
      }
    </Loading>
  );
}

function CustomerFacts({ customer }: { customer: OperatorCustomer }) {
  const texts = useTexts(operator).wallets;
  const { balance, customerId, email, name } = customer;
  return (
    <dl class="facts">
      <Fact label={texts.name}>{name}</Fact>
      <Fact label={texts.email}>{email}</Fact>
      <Fact label={texts.id}>
        <code>{customerId}</code>
      </Fact>
      <Fact label={texts.balance}>
        {balance === null ? texts.unknownBalance : <Money value={balance} />}
      </Fact>
    </dl>
  );
}
