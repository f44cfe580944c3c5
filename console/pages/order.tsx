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
import { placeOrder, topUpWallet } from '../model/orders.ts';
import { JourneyView } from '../parts/journey-view.tsx';
import { LetterPill } from '../parts/letter-list.tsx';
import { Loading, Problem, UnknownOutcome } from '../parts/notices.tsx';
import { OrderItems } from '../parts/order-items.tsx';
import { Page } from '../parts/page.tsx';
import { Id, Moment, Money, StatusPill } from '../parts/values.tsx';
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
 * How soon to look again: often while the page is young, then calmly, and never when the order
 * ended. Not by the order's age: the clock here may be wrong by any time.
 */
export function useWatchEvery(): (journey: Journey) => number | null {
  const openedAt = useRef(performance.now());
  return ({ complete }) => {
    if (complete) return null;
    return performance.now() - openedAt.current < YOUNG_MS ? FAST_MS : SLOW_MS;
  };
}

/** One order: the answer, what to do next, its letter, and its way through the services. */
export function OrderPage() {
  const texts = useTexts(customer).order;
  const { api, language } = useConsole();
  const id = useRoute().params.id ?? '';
  const journey = useLoad(
    `${id} ${language}`,
    (signal) => api.read<Journey>(`/v1/orders/${encodeURIComponent(id)}/journey`, { signal }),
    useWatchEvery(),
  );
  return (
    <Page title={texts.title}>
      <Loading loaded={journey}>
        {(found) => (
          <>
            <Answer journey={found} />
            <div class="columns">
              <OrderItems order={found.order} />
              <LetterCard journey={found} />
            </div>
            <h2>{texts.journey}</h2>
            <JourneyView journey={found} />
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
          <div>
            <dt>{texts.balanceSeen}</dt>
            <dd>
              <Money value={payment.balanceSeen} />
            </dd>
          </div>
          <div class="lacking">
            <dt>{texts.shortfall}</dt>
            <dd>
              <Money
                value={{
                  amount: order.total.amount - payment.balanceSeen.amount,
                  currency: order.total.currency,
                }}
              />
            </dd>
          </div>
        </dl>
      )}
      {order.status === 'Cancelled' && <OrderAgain order={order} />}
      <dl class="facts dim">
        <div>
          <dt>{texts.placed}</dt>
          <dd>
            <Moment at={order.createdAt} />
          </dd>
        </div>
        <div>
          <dt>{texts.id}</dt>
          <dd>
            <code>{order.id}</code>
          </dd>
        </div>
        {order.payment !== null && (
          <div>
            <dt>{texts.operation}</dt>
            <dd>
              <Id value={order.payment.operationId} />
            </dd>
          </div>
        )}
      </dl>
    </section>
  );
}

/** Tops up the wallet by the present shortfall, and places the same order again. */
function OrderAgain({ order }: { order: PublicOrder }) {
  const texts = useTexts(customer).order;
  const { unknown } = useTexts(customer).newOrder;
  const { api, facts, language } = useConsole();
  const { route } = useLocation();
  const wallet = useLoad('wallet', (signal) => api.read<Wallet>('/v1/wallet', { signal }));
  const { currency } = order.total;
  const lacking = wallet.data && order.total.amount - wallet.data.balance.amount;
  const mustTopUp = facts.selfTopUp && lacking !== null && lacking > 0;
  // One click does both, each under its key. A repetition sends both again, and neither doubles.
  const attempt = useAttempt<{ topUp: TopUp | null }, PublicOrder>(`attempt.again.${order.id}`, {
    send: async ({ request: { topUp }, key }) => {
      if (topUp !== null) await topUpWallet(api, '/v1/wallet/top-ups', topUp);
      return placeOrder(api, { items: order.items, key });
    },
    onEnd: (placed) => route(`/orders/${placed.id}`),
    resume: false,
  });
  const { kept, problem, running } = attempt;
  // After a refusal of the order the top-up may have been done.
  useEffect(() => {
    if (problem !== null) wallet.reload();
  }, [problem]);
  const start = () =>
    attempt.start({
      topUp: mustTopUp ? { amount: { amount: lacking, currency }, key: newKey() } : null,
    });
  if (kept !== null && !running) {
    return <UnknownOutcome attempt={attempt} {...unknown} onGiveUp={wallet.reload} />;
  }
  // A wallet in another currency can neither be topped up for this order nor pay it.
  if (wallet.data !== null && wallet.data.balance.currency !== currency) return null;
  return (
    <>
      {problem !== null && <Problem problem={problem} />}
      <p>
        <button
          type="button"
          class="primary"
          disabled={running || lacking === null || wallet.loading}
          onClick={start}
        >
          {mustTopUp
            ? texts.topUpAndAgainSum(formatMoney({ amount: lacking, currency }, language))
            : texts.again}
        </button>
      </p>
    </>
  );
}

function LetterCard({ journey: { letter } }: { journey: Journey }) {
  const texts = useTexts(customer);
  return (
    <section class="card" aria-labelledby="order-letter">
      <h2 id="order-letter">{texts.order.letter}</h2>
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
    </section>
  );
}
