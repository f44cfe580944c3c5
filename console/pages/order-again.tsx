import { useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import type { Wallet } from '#contracts/billing.ts';
import type { Money as MoneyValue } from '#contracts/common.ts';
import type { PublicOrder } from '#contracts/gateway.ts';
import { type Api, ApiProblem } from '../model/api.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { useAction, useLoad, useUnmountSignal } from '../model/load.ts';
import { contentOf, type Delivery, placeOrder, topUpWallet } from '../model/orders.ts';
import { Loading, Notice, Problem } from '../parts/notices.tsx';
import { OrderItems } from '../parts/order-items.tsx';
import { nameOfOrder } from '../parts/order-number.tsx';
import { Button, Page } from '../parts/page.tsx';
import { Fact, Money } from '../parts/values.tsx';
import { orderAgain } from '../texts/order-again.ts';

/** Pays the content of a cancelled order again: where the link of its letter leads. */
export function OrderAgainPage() {
  const texts = useTexts(orderAgain);
  const { api, language } = useConsole();
  const id = useRoute().params.id ?? '';
  const order = useLoad(`${id} ${language}`, (signal) =>
    api.read<PublicOrder>(`/v1/orders/${encodeURIComponent(id)}`, { signal }),
  );
  return (
    <Page title={texts.title(nameOfOrder(id, language))} lead={texts.lead} narrow>
      <Loading loaded={order}>
        {(found) =>
          found.status === 'Cancelled' ? (
            <>
              <OrderItems order={found} />
              <Payment order={found} />
            </>
          ) : (
            <Notice tone="good">
              {texts.notCancelled} <a href={`/orders/${found.id}`}>{texts.open}</a>
            </Notice>
          )
        }
      </Loading>
    </Page>
  );
}

function Payment({ order }: { order: PublicOrder }) {
  const texts = useTexts(orderAgain);
  const { api } = useConsole();
  const wallet = useLoad('wallet', (signal) => api.read<Wallet>('/v1/wallet', { signal }));
  const [changed, setChanged] = useState(false);
  const onChanged = () => {
    setChanged(true);
    wallet.reload();
  };
  return (
    <section class="card form" aria-label={texts.total}>
      {changed && <Notice tone="wait">{texts.changed}</Notice>}
      <Loading loaded={wallet}>
        {({ balance }) =>
          balance.currency === order.total.currency ? (
            <Pay order={order} balance={balance} onRefused={wallet.reload} onChanged={onChanged} />
          ) : (
            <p>{texts.otherCurrency}</p>
          )
        }
      </Loading>
    </section>
  );
}

function Pay(props: {
  order: PublicOrder;
  balance: MoneyValue;
  onRefused: () => void;
  onChanged: () => void;
}) {
  const { order, balance, onRefused, onChanged } = props;
  const texts = useTexts(orderAgain);
  const { api, config, language } = useConsole();
  const { route } = useLocation();
  const until = useUnmountSignal();
  const shortfall = {
    amount: Math.max(0, order.total.amount - balance.amount),
    currency: order.total.currency,
  };
  const isShort = shortfall.amount > 0;
  const { run, running, problem } = useAction(async () => {
    // Another tab may have topped up: no more is added than the order lacks now. After a lost answer
    // the balance does not tell, and the keys of the repetition are enough.
    if (isShort && !problem?.open) {
      const { balance: now } = await api.read<Wallet>('/v1/wallet', { signal: until });
      if (now.amount !== balance.amount) return onChanged();
    }
    try {
      const placed = await payAgain(api, order, isShort ? shortfall : null, { until });
      if (!until.aborted) route(`/orders/${placed.id}`);
    } catch (error) {
      // The top-up may be done although the order was refused.
      if (error instanceof ApiProblem && !error.open) onRefused();
      throw error;
    }
  });
  const closed = isShort && !config.selfTopUp;
  const sum = (value: MoneyValue) => formatMoney(value, language);
  return (
    <>
      <dl class="facts">
        <Fact label={texts.total}>
          <Money value={order.total} />
        </Fact>
        <Fact label={texts.onWallet}>
          <Money value={balance} />
        </Fact>
        {isShort && (
          <Fact label={texts.shortfall} class="short">
            <Money value={shortfall} />
          </Fact>
        )}
      </dl>
      <Problem problem={problem} />
      {problem?.open && <p>{texts.unknown}</p>}
      {closed ? (
        <Notice tone="wait">{texts.closed}</Notice>
      ) : (
        <p>
          <Button
            look="primary"
            text={
              running
                ? texts.paying
                : isShort
                  ? texts.topUpAndPay(sum(shortfall))
                  : texts.pay(sum(order.total))
            }
            disabled={running}
            run={() => run()}
          />
        </p>
      )}
    </>
  );
}

/**
 * Tops up the wallet and places the same content. The keys are made of the order's id: a repetition,
 * a second tab and a second device meet the same top-up and the same order, so nothing is doubled. An
 * order that was already paid this way is answered again.
 */
async function payAgain(
  api: Api,
  order: PublicOrder,
  shortfall: MoneyValue | null,
  delivery: Pick<Delivery, 'until'>,
): Promise<PublicOrder> {
  if (shortfall !== null) {
    try {
      await topUpWallet(api, null, shortfall, { ...delivery, key: `again-top-up-${order.id}` });
    } catch (error) {
      // Another amount under this key: this page has topped up for this order before.
      if (!(error instanceof ApiProblem && error.body.code === 'idempotency-key-reused'))
        throw error;
    }
  }
  return placeOrder(api, contentOf(order), { ...delivery, key: `again-${order.id}` });
}
