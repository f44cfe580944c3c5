import { useRoute } from 'preact-iso';
import type { Money as MoneyValue } from '#contracts/common.ts';
import type { PublicOrder } from '#contracts/gateway.ts';
import type { OperatorLetter } from '#contracts/notifications.ts';
import type { OperatorCustomer } from '#contracts/operator.ts';
import type { ListedOperation } from '#contracts/wallet-lists.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { type Loaded, useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { type LoadedRecords, useRecords } from '../model/records.ts';
import { Copyable } from '../parts/copy-button.tsx';
import { LetterPill } from '../parts/letter.tsx';
import { addressOf } from '../parts/list.tsx';
import { Empty, Loading, Notice } from '../parts/notices.tsx';
import { OperationList } from '../parts/operation-list.tsx';
import { OperatorTopUp } from '../parts/operator-top-up.tsx';
import { useOrderColumns } from '../parts/order-columns.tsx';
import { OrderNumber } from '../parts/order-number.tsx';
import { Card, Page } from '../parts/page.tsx';
import { RecordList } from '../parts/record-list.tsx';
import type { Column } from '../parts/record-table.tsx';
import { SEARCH_PATH } from '../parts/search-box.tsx';
import { Fact, Moment, Money } from '../parts/values.tsx';
import { common } from '../texts/common.ts';
import { customer as customerTexts } from '../texts/customer.ts';
import { customerPage } from '../texts/customer-page.ts';
import { isolated } from '../texts/isolated.ts';

type Profile = OperatorCustomer | null;

/** A customer: profile, wallet, orders and letters, each loaded on its own. */
export function OperatorCustomerPage() {
  const id = useRoute().params.id ?? '';
  return <Customer key={id} id={id} />;
}

function Customer({ id }: { id: string }) {
  const texts = useTexts(customerPage);
  const { api } = useConsole();
  const profile = useLoad<{ found: Profile }>(`customer ${id}`, async (signal) => {
    const query = { customerId: id };
    const page = await api.read<PageOf<OperatorCustomer>>('/v1/operator/customers', {
      query,
      signal,
    });
    return { found: page.data[0] ?? null };
  });
  const of = { customerId: id };
  const operations = useRecords<ListedOperation>('operations', '/v1/operator/operations', of);
  const orders = useRecords<PublicOrder>('orders', '/v1/operator/orders', of);
  const letters = useRecords<OperatorLetter>('letters', '/v1/operator/letters', of);
  const isUnknown =
    profile.data?.found === null &&
    [operations, orders, letters].every(({ loaded: { data } }) => data?.rows.length === 0);
  const name = profile.data?.found?.name;
  if (isUnknown) return <UnknownCustomer id={id} />;
  return (
    <Page title={name === undefined ? texts.title : `${texts.title}: ${isolated(name)}`}>
      <div class="columns">
        <ProfileCard id={id} profile={profile} />
        <WalletCard profile={profile} operations={operations} />
      </div>
      <h2>{texts.operations}</h2>
      <OperationList
        ofOne
        list={operations}
        none={texts.noOperations}
        onUndone={operations.loaded.reload}
      />
      <h2>{texts.orders}</h2>
      <Orders id={id} list={orders} />
      <h2>{texts.letters}</h2>
      <Letters list={letters} />
    </Page>
  );
}

/** Instead of empty lists, which would look like a customer. */
function UnknownCustomer({ id }: { id: string }) {
  const texts = useTexts(customerPage);
  return (
    <Page title={texts.title}>
      <Notice tone="bad">
        <p>{texts.unknown(id)}</p>
        <p>
          <a href={SEARCH_PATH}>{texts.search}</a>
        </p>
      </Notice>
    </Page>
  );
}

function ProfileCard({ id, profile }: { id: string; profile: Loaded<{ found: Profile }> }) {
  const texts = useTexts(customerPage);
  const { languages } = useTexts(common);
  return (
    <Card id="customer-profile" title={texts.profile}>
      <Loading loaded={profile}>
        {({ found }) =>
          found === null ? (
            <Empty title={texts.noProfile} hint={texts.noProfileHint} />
          ) : (
            <dl class="facts stacked">
              <Fact label={texts.name} text={found.name} />
              <Fact label={texts.email} text={found.email} />
              <Fact label={texts.locale}>{languages[found.locale]}</Fact>
            </dl>
          )
        }
      </Loading>
      <dl class="facts stacked">
        <Fact label={texts.id}>
          <Copyable text={id} what={texts.id} />
        </Fact>
      </dl>
      <p>
        <a href={addressOf('/operator/audit', { subject: id })}>{texts.audit}</a>
      </p>
    </Card>
  );
}

/** The balance, and the form that tops it up. */
function WalletCard(props: {
  profile: Loaded<{ found: Profile }>;
  operations: LoadedRecords<ListedOperation>;
}) {
  const { profile, operations } = props;
  const { balance: label } = useTexts(customerTexts).wallet;
  const texts = useTexts(customerPage);
  const { config } = useConsole();
  const found = profile.data?.found ?? null;
  return (
    <Card id="customer-wallet" title={texts.wallet}>
      <Loading loaded={operations.loaded}>
        {({ rows: [latest] }) => {
          // Without an operation there never was money.
          const none: MoneyValue = { amount: 0, currency: config.currency };
          return (
            <dl class="facts">
              <Fact label={label}>
                <span class="figure">
                  <Money value={latest?.balanceAfter ?? none} />
                </span>
              </Fact>
            </dl>
          );
        }}
      </Loading>
      {found !== null && <OperatorTopUp customer={found} onDone={operations.loaded.reload} />}
    </Card>
  );
}

function Orders({ id, list }: { id: string; list: LoadedRecords<PublicOrder> }) {
  const texts = useTexts(customerPage);
  const columns = useOrderColumns()
    .filter(({ name }) => name !== 'customer')
    .map(({ sort: _, ...column }) => column);
  return (
    <>
      <RecordList
        label={texts.orders}
        list={list}
        columns={columns}
        keyOf={(order) => order.id}
        none={texts.noOrders}
      />
      <p>
        <a href={addressOf('/operator/orders', { customer: id })}>{texts.allOrders}</a>
      </p>
    </>
  );
}

function Letters({ list }: { list: LoadedRecords<OperatorLetter> }) {
  const texts = useTexts(customerPage);
  const { kinds } = useTexts(customerTexts).letters;
  const columns: Column<OperatorLetter>[] = [
    { name: 'at', label: texts.at, cell: ({ createdAt }) => <Moment at={createdAt} /> },
    {
      name: 'kind',
      label: texts.kind,
      cell: ({ id, kind }) => <a href={`/operator/letters/${id}`}>{kinds[kind]}</a>,
    },
    { name: 'state', label: texts.state, cell: ({ state }) => <LetterPill state={state} /> },
    {
      name: 'order',
      label: texts.order,
      cell: ({ orderId }) => (
        <a href={`/operator/orders/${orderId}`}>
          <OrderNumber id={orderId} />
        </a>
      ),
    },
    { name: 'to', label: texts.to, cell: ({ to }) => to !== null && <bdi>{to}</bdi> },
    {
      name: 'reason',
      label: texts.reason,
      cell: ({ reason, state }) => state !== 'sent' && reason !== null && <bdi>{reason}</bdi>,
    },
  ];
  return (
    <RecordList
      label={texts.letters}
      list={list}
      columns={columns}
      keyOf={({ id }) => id}
      none={texts.noLetters}
    />
  );
}
