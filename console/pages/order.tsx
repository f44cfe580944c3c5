import { useRef } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { Journey } from '#contracts/gateway.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useLoad } from '../model/load.ts';
import { Copyable, CopyButton } from '../parts/copy-button.tsx';
import { JourneyView } from '../parts/journey-view.tsx';
import { LetterPill } from '../parts/letter.tsx';
import { Loading } from '../parts/notices.tsx';
import { OrderItems, useOrderTitle } from '../parts/order-items.tsx';
import { Card, Page } from '../parts/page.tsx';
import { Fact, Id, Moment, Money, StatusPill } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';

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
      {order.status === 'Cancelled' && (
        <p>
          <a class="button primary" href={`/orders/${order.id}/again`}>
            {texts.again}
          </a>
        </p>
      )}
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
