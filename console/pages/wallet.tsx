import { useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { parseAmount } from '#contracts/amounts.ts';
import type { Wallet, WalletOperation } from '#contracts/billing.ts';
import type { Money as MoneyValue } from '#contracts/common.ts';
import { useAttempt } from '../model/attempt.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { type Loaded, useLoad } from '../model/load.ts';
import { type PageOf, topUpWallet } from '../model/orders.ts';
import { AmountField } from '../parts/amount-field.tsx';
import { Empty, Loading, Notice, Problem, UnknownOutcome } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { Pager } from '../parts/pager.tsx';
import { Moment, Money } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';

/** Balance, top-up, and every movement. */
export function WalletPage() {
  const texts = useTexts(customer).wallet;
  const { api, facts } = useConsole();
  const { query } = useLocation();
  const wallet = useLoad('wallet', (signal) => api.read<Wallet>('/v1/wallet', { signal }));
  const operations = useLoad(`operations ${query.cursor}`, (signal) =>
    api.read<PageOf<WalletOperation>>('/v1/wallet/operations', {
      query: { limit: 20, cursor: query.cursor },
      signal,
    }),
  );
  return (
    <Page title={texts.title}>
      <div class="columns">
        <section class="card balance" aria-label={texts.balance}>
          <p class="label">{texts.balance}</p>
          <Loading loaded={wallet}>
            {({ balance }) => (
              <p class="figure">
                <Money value={balance} />
              </p>
            )}
          </Loading>
        </section>
        {facts.selfTopUp ? (
          <TopUp wallet={wallet} onDone={operations.reload} />
        ) : (
          <p class="card quiet">{texts.closed}</p>
        )}
      </div>
      <h2>{texts.operations}</h2>
      <Loading loaded={operations}>
        {({ data, nextCursor }) =>
          data.length === 0 ? (
            <Empty title={texts.noOperations}>
              <p>{texts.noOperationsHint}</p>
            </Empty>
          ) : (
            <>
              <Operations operations={data} />
              <Pager nextCursor={nextCursor} />
            </>
          )
        }
      </Loading>
    </Page>
  );
}

function Operations({ operations }: { operations: WalletOperation[] }) {
  const texts = useTexts(customer).wallet;
  return (
    <table class="table">
      <thead>
        <tr>
          <th scope="col">{texts.what}</th>
          <th scope="col">{texts.when}</th>
          <th scope="col" class="number">
            {texts.sum}
          </th>
          <th scope="col" class="number">
            {texts.balanceAfter}
          </th>
        </tr>
      </thead>
      <tbody>
        {operations.map(({ id, type, amount, balanceAfter, orderId, reason, createdAt }) => (
          <tr key={id}>
            <td>
              {orderId === null ? (
                texts.types[type]
              ) : (
                <a href={`/orders/${orderId}`}>{texts.types[type]}</a>
              )}
              {reason !== undefined && <p class="quiet">{texts.because(reason)}</p>}
            </td>
            <td data-label={texts.when}>
              <Moment at={createdAt} />
            </td>
            <td class={`number ${amount.amount > 0 ? 'plus' : ''}`} data-label={texts.sum}>
              <Money value={amount} sign />
            </td>
            <td class="number" data-label={texts.balanceAfter}>
              <Money value={balanceAfter} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const QUICK = [500, 1_000, 5_000];

function TopUp({ wallet, onDone }: { wallet: Loaded<Wallet>; onDone: () => void }) {
  const texts = useTexts(customer).wallet;
  const { api, facts, language, session } = useConsole();
  const { currency } = facts;
  const [text, setText] = useState('');
  const reload = () => {
    wallet.reload();
    onDone();
  };
  const [checked, setChecked] = useState(false);
  const [done, setDone] = useState<WalletOperation | null>(null);
  const attempt = useAttempt<MoneyValue, WalletOperation>(`attempt.top-up.${session?.customerId}`, {
    send: ({ request: amount, key }) => topUpWallet(api, '/v1/wallet/top-ups', { amount, key }),
    onEnd: (operation) => {
      setDone(operation);
      setText('');
      setChecked(false);
      reload();
    },
    resume: true,
  });
  const { kept, problem, running } = attempt;
  const unknown = running ? null : kept;
  const amount = parseAmount(text, currency, 1);
  return (
    <form
      class="card form"
      aria-label={texts.topUp}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setChecked(true);
        setDone(null);
        if (typeof amount === 'number' && kept === null) attempt.start({ amount, currency });
      }}
    >
      {unknown !== null ? (
        <UnknownOutcome
          attempt={attempt}
          onGiveUp={reload}
          title={texts.unknown.title}
          lead={texts.unknown.lead(formatMoney(unknown.request, language))}
          giveUp={texts.unknown.giveUp}
        />
      ) : (
        problem !== null && <Problem problem={problem} />
      )}
      {done !== null && (
        <Notice tone="good">{texts.toppedUp(formatMoney(done.amount, language))}</Notice>
      )}
      {unknown === null && (
        <>
          <AmountField label={texts.amount} text={text} onChange={setText} checked={checked} />
          <div class="quick">
            {QUICK.map((units) => (
              <button key={units} type="button" onClick={() => setText(String(units))}>
                {units.toLocaleString(language)}
              </button>
            ))}
          </div>
          <button type="submit" class="primary" disabled={running}>
            {texts.topUp}
          </button>
        </>
      )}
    </form>
  );
}
