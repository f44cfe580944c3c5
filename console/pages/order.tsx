import { useEffect, useRef } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import type { Wallet } from '#contracts/billing.ts';
import type { Money as MoneyValue } from '#contracts/common.ts';
import type { Journey, PublicOrder } from '#contracts/gateway.ts';
import { newKey } from '../model/api.ts';
import { useAttempt } from '../model/attempt.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney } from '../model/format.ts';
import { useLoad } from '../model/load.ts';
import { contentOf, placeOrder, topUpWallet } from '../model/orders.ts';
import { Copyable, CopyButton } from '../parts/copy-button.tsx';
import { JourneyView } from '../parts/journey-view.tsx';
import { LetterPill } from '../parts/letter.tsx';
import { Loading, Problem, UnknownOutcome } from '../parts/notices.tsx';
import { OrderItems, useOrderTitle } from '../parts/order-items.tsx';
import { Card, Page } from '../parts/page.tsx';
import { Fact, Id, Moment, Money, StatusPill } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';

/** A top-up with its key. */
interface TopUp {
  amount: MoneyValue;
  key: string;
}

const YOUNG_MS = 30_000;
const FAST_MS = 500;
const SLOW_MS = 3_000;

/**
 * How soon to read a journey again: often at first, then less, and not after its end. It counts from
 * the opening of the page, because this machine's clock may be wrong.
 */
export function useWatchEvery(): (journey: Journey) => number | null {
  const openedAt = useRef(performance.now());
  return ({ complete }) => {
    if (complete) return null;
    return performance.now() - openedAt.current < YOUNG_MS ? FAST_MS : SLOW_MS;
  };
}

/** One order: the result, what to do next, its letter and its journey. */
export function OrderPage() {
  const texts = useTexts(customer).order;
  const { api, language } = useConsole();
  const id = useRoute().params.id ?? '';
  const journey = useLoad(
    `${id} ${language}`,
    (signal, former) =>
      api.read<Journey>(`/v1/orders/${encodeURIComponent(id)}/journey`, { signal, former }),
    useWatchEvery(),
  );
  return (
    <Page title={useOrderTitle(id)}>
      <Loading loaded={journey}>
        {(found) => (
          <>
            <Answer journey={found} />
            <div class="columns">
              <OrderItems order={found.order} />
              <LetterCard journey={found} />
            </div>
            <h2>{texts.journey}</h2>
            <JourneyView journey={found} reader="customer" />
          </>
        )}
      </Loading>
    </Page>
  );
}

function Answer({ journey }: { journey: Journey }) {
  const texts = useTexts(customer).order;
  const { order, payment } = journey;
  const declined = order.statusReason === 'insufficient-funds';
  const lead = {
    Paid: texts.paidLead,
    Cancelled: declined ? texts.declinedLead : texts.voidedLead,
    Pending: texts.pendingLead,
  }[order.status];
  return (
    <section class={`card answer ${order.status.toLowerCase()}`} role="status">
      <div class="answer-head">
        <StatusPill status={order.status} label={order.statusLabel} />
        <p class="figure">
          <Money value={order.total} />
        </p>
      </div>
      <p>{lead}</p>
      {declined && payment?.balanceSeen && (
        <dl class="facts">
          <Fact label={texts.balanceSeen}>
            <Money value={payment.balanceSeen} />
          </Fact>
          <Fact label={texts.shortfall} class="short">
            <Money
              value={{
                amount: order.total.amount - payment.balanceSeen.amount,
                currency: order.total.currency,
              }}
            />
          </Fact>
        </dl>
      )}
      {order.status === 'Cancelled' && <OrderAgain order={order} />}
      <dl class="facts dim">
        <Fact label={texts.placed}>
          <Moment at={order.createdAt} />
        </Fact>
        <Fact label={texts.id}>
          <Copyable text={order.id} what={texts.id} />
        </Fact>
        {order.payment !== null && (
          <Fact label={texts.operation}>
            <Id value={order.payment.operationId} />{' '}
            <CopyButton text={order.payment.operationId} what={texts.operation} />
          </Fact>
        )}
      </dl>
    </section>
  );
}

/** Tops up the wallet by the present shortfall, and places the same order again. */
function OrderAgain({ order }: { order: PublicOrder }) {
  const texts = useTexts(customer).order;
  const { unknown } = useTexts(customer).newOrder;
  const { api, config, language } = useConsole();
  const { route } = useLocation();
  const wallet = useLoad('wallet', (signal) => api.read<Wallet>('/v1/wallet', { signal }));
  const { currency } = order.total;
  const shortfall = wallet.data && order.total.amount - wallet.data.balance.amount;
  const mustTopUp = config.selfTopUp && shortfall !== null && shortfall > 0;
  // One click does both, each under its key, so repeating both does nothing twice.
  const attempt = useAttempt<{ topUp: TopUp | null }, PublicOrder>(`attempt.again.${order.id}`, {
    send: async ({ topUp }, delivery) => {
      if (topUp !== null) {
        const { amount, key } = topUp;
        await topUpWallet(api, null, amount, { ...delivery, key });
      }
      return placeOrder(api, contentOf(order), delivery);
    },
    onEnd: (placed) => route(`/orders/${placed.id}`),
    resume: false,
  });
  const { unresolved, problem, running } = attempt;
  // The top-up may be done even if the order was refused.
  useEffect(() => {
    if (problem !== null) wallet.reload();
  }, [problem]);
  const start = () =>
    attempt.start({
      topUp: mustTopUp ? { amount: { amount: shortfall, currency }, key: newKey() } : null,
    });
  if (unresolved !== null && !running) {
    return <UnknownOutcome attempt={attempt} {...unknown} onGiveUp={wallet.reload} />;
  }
  // A wallet in another currency cannot pay this order.
  if (wallet.data !== null && wallet.data.balance.currency !== currency) return null;
  return (
    <>
      <Problem problem={problem} />
      <p>
        <button
          type="button"
          class="primary"
          disabled={running || shortfall === null || wallet.loading}
          onClick={start}
        >
          {mustTopUp
            ? texts.topUpAndAgainSum(formatMoney({ amount: shortfall, currency }, language))
            : texts.again}
        </button>
      </p>
    </>
  );
}

function LetterCard({ journey: { letter } }: { journey: Journey }) {
  const texts = useTexts(customer);
  return (
    <Card id="order-letter" title={texts.order.letter}>
      {letter === null ? (
        <p class="quiet">{texts.order.letterLater}</p>
      ) : (
        <>
          <p>
            <strong>{texts.letters.kinds[letter.kind]}</strong> <LetterPill state={letter.state} />
          </p>
          {letter.to !== null && (
            <p class="quiet">
              <bdi>{letter.to}</bdi>
            </p>
          )}
          <p>
            <a href={`/letters/${letter.id}`}>{texts.order.openLetter}</a>
          </p>
        </>
      )}
    </Card>
  );
}
