import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import type { Wallet, WalletOperation } from '#contracts/billing.ts';
import type { Money as MoneyValue } from '#contracts/common.ts';
import { useTopUp } from '../model/attempt.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { amountToType, formatMoney } from '../model/format.ts';
import { type Loaded, useLoad } from '../model/load.ts';
import { AmountField, Form } from '../parts/form.tsx';
import { ListPage, usePageOf } from '../parts/list.tsx';
import { Loading, Notice, UnknownOutcome } from '../parts/notices.tsx';
import { OperationsTable } from '../parts/operations-table.tsx';
import { Button, Page } from '../parts/page.tsx';
import { Question } from '../parts/question.tsx';
import { Money } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';

/** The customer's balance, top-up and operations. */
export function WalletPage() {
  const texts = useTexts(customer).wallet;
  const { api, config } = useConsole();
  const wallet = useLoad('wallet', (signal) => api.read<Wallet>('/v1/wallet', { signal }));
  const operations = usePageOf<WalletOperation>('/v1/wallet/operations');
  const reload = () => {
    wallet.reload();
    operations.reload();
  };
  return (
    <Page title={texts.title}>
      <div class="columns">
        <BalanceCard wallet={wallet} name={texts.balance} label={texts.balance} />
        {config.selfTopUp ? <TopUp onDone={reload} /> : <p class="card quiet">{texts.closed}</p>}
      </div>
      <h2>{texts.operations}</h2>
      <ListPage loaded={operations} none={texts.noOperations} noneHint={texts.noOperationsHint}>
        {(data) => (
          <OperationsTable operations={data} orderHref={(orderId) => `/orders/${orderId}`} />
        )}
      </ListPage>
    </Page>
  );
}

const QUICK = [500, 1_000, 5_000];

/** What the order lacks whose form led here, in minor units; null where none did. */
function useLacking(): [lacks: number | null, fromOrder: boolean, forget: () => void] {
  const text = useLocation().query.lacks ?? '';
  const asked = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : null;
  const [met, setMet] = useState(false);
  return [met ? null : asked, asked !== null, () => setMet(true)];
}

function TopUp({ onDone }: { onDone: () => void }) {
  const texts = useTexts(customer).wallet;
  const { config, language, session } = useConsole();
  const { currency } = config;
  const [lacks, fromOrder, forgetLack] = useLacking();
  /** More than the order lacks: asked before it is spent. */
  const [asked, setAsked] = useState<MoneyValue | null>(null);
  const form = useRef<HTMLFormElement>(null);
  const money = (amount: number) => formatMoney({ amount, currency }, language);
  const { attempt, check, done, field } = useTopUp({
    name: `attempt.top-up.${session?.customerId}`,
    customerId: null,
    currency,
    text: lacks === null ? '' : amountToType({ amount: lacks, currency }),
    onDone: () => {
      setAsked(null);
      forgetLack();
      onDone();
    },
  });
  const { unresolved, problem, running } = attempt;
  const unknown = running ? null : unresolved;
  const submit = () => {
    const amount = check();
    if (amount === null || unresolved !== null) return;
    if (lacks !== null && amount.amount > lacks) setAsked(amount);
    else attempt.start(amount);
  };
  return (
    <Form
      form={form}
      label={texts.topUp}
      problem={unknown === null ? problem : null}
      onSubmit={submit}
    >
      {done !== null && (
        <Notice tone="good">
          {texts.toppedUp(formatMoney(done.amount, language))}{' '}
          {fromOrder && <a href="/orders/new">{texts.toOrder}</a>}
        </Notice>
      )}
      {unknown !== null && (
        <UnknownOutcome
          attempt={attempt}
          onGiveUp={onDone}
          title={texts.unknown.title}
          lead={texts.unknown.lead(formatMoney(unknown.request, language))}
          giveUp={texts.unknown.giveUp}
        />
      )}
      {unknown === null && asked !== null && (
        <Question
          text={texts.more.ask(money(asked.amount), money(lacks ?? 0))}
          confirm={texts.more.confirm(money(asked.amount))}
          cancel={texts.more.cancel}
          running={running}
          onConfirm={() => attempt.start(asked)}
          onCancel={() => {
            setAsked(null);
            // The pressed button disappears, and the focus would be lost with it.
            requestAnimationFrame(() => form.current?.querySelector('input')?.focus());
          }}
        />
      )}
      {unknown === null && asked === null && (
        <>
          {lacks !== null && <p>{texts.lacks(money(lacks))}</p>}
          <AmountField label={texts.amount} {...field} />
          <QuickAmounts onChoose={field.onChange} />
          <Button look="primary" text={texts.topUp} disabled={running} />
        </>
      )}
    </Form>
  );
}

function QuickAmounts({ onChoose }: { onChoose: (text: string) => void }) {
  const { language } = useConsole();
  return (
    <div class="quick">
      {QUICK.map((units) => (
        <button key={units} type="button" onClick={() => onChoose(String(units))}>
          {units.toLocaleString(language)}
        </button>
      ))}
    </div>
  );
}

/** The balance of the customer's wallet. */
export function BalanceCard(props: {
  wallet: Loaded<Wallet>;
  /** Of the card, for screen readers. */
  name: string;
  label: string;
  children?: ComponentChildren;
}) {
  return (
    <section class="card balance" aria-label={props.name}>
      <p class="label">{props.label}</p>
      <Loading loaded={props.wallet}>
        {({ balance }) => (
          <p class="figure">
            <Money value={balance} />
          </p>
        )}
      </Loading>
      {props.children}
    </section>
  );
}
