import type { ComponentChildren } from 'preact';
import type { Wallet, WalletOperation } from '#contracts/billing.ts';
import { useTopUp } from '../model/attempt.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { type Loaded, useLoad } from '../model/load.ts';
import { AmountField, Form } from '../parts/form.tsx';
import { ListPage, usePageOf } from '../parts/list.tsx';
import { Loading, Notice, UnknownOutcome } from '../parts/notices.tsx';
import { OperationsTable } from '../parts/operations-table.tsx';
import { Button, Page } from '../parts/page.tsx';
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

function TopUp({ onDone }: { onDone: () => void }) {
  const texts = useTexts(customer).wallet;
  const { config, language, session } = useConsole();
  const { attempt, check, done, field } = useTopUp({
    name: `attempt.top-up.${session?.customerId}`,
    customerId: null,
    currency: config.currency,
    onDone,
  });
  const { unresolved, problem, running } = attempt;
  const unknown = running ? null : unresolved;
  const submit = () => {
    const amount = check();
    if (amount !== null && unresolved === null) attempt.start(amount);
  };
  return (
    <Form label={texts.topUp} problem={unknown === null ? problem : null} onSubmit={submit}>
      {done !== null && (
        <Notice tone="good">{texts.toppedUp(formatMoney(done.amount, language))}</Notice>
      )}
      {unknown !== null ? (
        <UnknownOutcome
          attempt={attempt}
          onGiveUp={onDone}
          title={texts.unknown.title}
          lead={texts.unknown.lead(formatMoney(unknown.request, language))}
          giveUp={texts.unknown.giveUp}
        />
      ) : (
        <>
          <AmountField label={texts.amount} {...field} />
          <div class="quick">
            {QUICK.map((units) => (
              <button key={units} type="button" onClick={() => field.onChange(String(units))}>
                {units.toLocaleString(language)}
              </button>
            ))}
          </div>
          <Button look="primary" text={texts.topUp} disabled={running} />
        </>
      )}
    </Form>
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
