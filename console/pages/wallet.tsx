import { useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { Wallet, WalletOperation } from '#contracts/billing.ts';
import { newKey } from '../api.ts';
import { useConsole, useTexts } from '../context.ts';
import { formatMoney, parseAmount } from '../format.ts';
import { type Loaded, useAction, useLoad } from '../load.ts';
import { type PageOf, repeatedly } from '../orders.ts';
import { TextField } from '../parts/field.tsx';
import { Empty, Loading, Notice, Problem } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { Pager } from '../parts/pager.tsx';
import { useOpen } from '../parts/use-open.ts';
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
  const { api, facts, language } = useConsole();
  const { currency } = facts;
  const open = useOpen();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const [done, setDone] = useState<WalletOperation | null>(null);
  // One key for what is on the screen: pressing again after a lost answer adds nothing.
  const key = useRef<{ amount: number; key: string } | null>(null);
  const { run, running, problem } = useAction(async () => {
    const amount = parseAmount(text, currency);
    setWrong(amount === null || amount < 1);
    setDone(null);
    if (amount === null || amount < 1) return;
    if (key.current?.amount !== amount) key.current = { amount, key: newKey() };
    const ask = () =>
      api.send<WalletOperation>('POST', '/v1/wallet/top-ups', {
        body: { amount: { amount, currency } },
        headers: { 'idempotency-key': key.current?.key ?? newKey() },
      });
    const answer = await repeatedly(ask, { signal: open });
    key.current = null;
    setDone(answer.body);
    setText('');
    wallet.reload();
    onDone();
  });
  return (
    <form
      class="card form"
      aria-label={texts.topUp}
      onSubmit={(event) => {
        event.preventDefault();
        run();
      }}
    >
      {problem !== null && <Problem problem={problem} />}
      {done !== null && (
        <Notice tone="good">{texts.toppedUp(formatMoney(done.amount, language))}</Notice>
      )}
      <TextField
        label={texts.amount}
        fault={wrong ? texts.amountFault : null}
        value={text}
        onChange={setText}
        input={{ inputMode: 'decimal', required: true }}
      />
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
    </form>
  );
}
