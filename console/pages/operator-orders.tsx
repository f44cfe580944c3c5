import { useState } from 'preact/hooks';
import { useRoute } from 'preact-iso';
import type { Static } from 'typebox';
import type { Journey, PublicOrder } from '#contracts/gateway.ts';
import type { PublicPendingOrder } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration } from '../model/format.ts';
import { useLoad } from '../model/load.ts';
import { customerHref } from '../parts/customer-link.tsx';
import { JourneyView } from '../parts/journey-view.tsx';
import { LetterPill } from '../parts/letter.tsx';
import { Filters, ListPage, Rows, useFilter, usePageOf } from '../parts/list.tsx';
import { Loading, Notice } from '../parts/notices.tsx';
import { OrderItems } from '../parts/order-items.tsx';
import { OrderNumber } from '../parts/order-number.tsx';
import { Page } from '../parts/page.tsx';
import { SettleButton, SettleDialog, SettleOrder, SettleOutcome } from '../parts/settle-order.tsx';
import { Fact, Moment, Money, StatusPill } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';
import { operator } from '../texts/operator.ts';
import { useWatchEvery } from './order.tsx';

type PendingOrder = Static<typeof PublicPendingOrder>;

const REFRESH_MS = 2_000;
const FILTERS = ['all', 'old'] as const;
const OLD_MS = 30_000;

/** Pending orders, and what recovery says about them. */
export function OperatorPendingPage() {
  const texts = useTexts(operator).pending;
  const minAgeMs = useFilter(FILTERS, 'age') === 'old' ? OLD_MS : undefined;
  const [settling, setSettling] = useState<string | null>(null);
  const [settled, setSettled] = useState<PublicOrder | null>(null);
  const orders = usePageOf<PendingOrder>(
    '/v1/operator/pending-orders',
    { minAgeMs },
    // Later pages stay still, so that they can be read.
    (_page, cursor) => (cursor === undefined ? REFRESH_MS : null),
  );
  return (
    <Page title={texts.title} lead={texts.lead}>
      <Filters label={texts.age} filters={FILTERS} texts={texts.filters} parameter="age" />
      {settled !== null && <SettleOutcome order={settled} />}
      {settling !== null && (
        <SettleDialog
          id={settling}
          onCancel={() => setSettling(null)}
          onDone={(order) => {
            setSettling(null);
            setSettled(order);
            orders.reload();
          }}
        />
      )}
      <ListPage loaded={orders} none={texts.none}>
        {(data) => <PendingList orders={data} onSettle={setSettling} />}
      </ListPage>
    </Page>
  );
}

function PendingList(props: { orders: PendingOrder[]; onSettle: (id: string) => void }) {
  const { orders, onSettle } = props;
  const texts = useTexts(operator).pending;
  const { language } = useConsole();
  const rows = orders.map(({ id, ageMs, total, recovery }) => ({
    key: id,
    href: `/operator/orders/${id}`,
    main: <OrderNumber id={id} />,
    side: (
      <>
        <Money value={total} />
        <span class="number" title={texts.age}>
          {formatDuration(ageMs, language)}
        </span>
      </>
    ),
    dim: (
      <>
        {recovery.attempts === 0 ? texts.notTried : texts.attempts(recovery.attempts)}
        {recovery.triedAt !== null && `, ${texts.triedAt} `}
        {recovery.triedAt !== null && <Moment at={recovery.triedAt} />}
      </>
    ),
    error: recovery.error,
    action: <SettleButton id={id} run={() => onSettle(id)} />,
  }));
  return <Rows rows={rows} wrapping />;
}

/** Any order and its journey through the services. */
export function OperatorOrderPage() {
  const texts = useTexts(operator).order;
  const words = useTexts(customer).order;
  const { api, language } = useConsole();
  const id = useRoute().params.id ?? '';
  const journey = useLoad(
    `${id} ${language}`,
    (signal, former) =>
      api.read<Journey>(`/v1/operator/orders/${encodeURIComponent(id)}/journey`, {
        signal,
        former,
      }),
    useWatchEvery(),
  );
  return (
    <Page title={words.title}>
      <Loading loaded={journey}>
        {(found) => (
          <>
            {found.recovery.error !== null && found.order.status === 'Pending' && (
              <Notice tone="bad">
                {texts.lastError}: <bdi>{found.recovery.error}</bdi>
              </Notice>
            )}
            <SettleOrder order={found.order} onDone={journey.reload} />
            <div class="columns">
              <Summary journey={found} />
              <OrderItems order={found.order} />
            </div>
            <h2>{words.journey}</h2>
            <JourneyView journey={found} />
          </>
        )}
      </Loading>
    </Page>
  );
}

function Summary({ journey }: { journey: Journey }) {
  const texts = useTexts(operator);
  const words = useTexts(customer).order;
  const { order, letter, deadLetter, recovery } = journey;
  return (
    <section class={`card answer ${order.status.toLowerCase()}`} aria-label={words.title}>
      <div class="answer-head">
        <StatusPill status={order.status} label={order.statusLabel} />
        <p class="figure">
          <Money value={order.total} />
        </p>
      </div>
      <dl class="facts stacked">
        <Fact label={words.id} code={order.id} />
        <Fact label={texts.order.customer}>
          <a href={customerHref(order.customerId)}>
            <code>{order.customerId}</code>
          </a>
        </Fact>
        <Fact label={words.placed} at={order.createdAt} />
        {order.status !== 'Pending' && <Fact label={words.ended} at={order.updatedAt} />}
        <Fact label={words.operation} code={order.payment?.operationId} />
        {recovery.attempts > 0 && (
          <Fact label={texts.order.recovery}>{texts.pending.attempts(recovery.attempts)}</Fact>
        )}
        {letter !== null && (
          <Fact label={words.letter}>
            <a href={`/operator/letters/${letter.id}`}>{texts.letters.open}</a>{' '}
            <LetterPill state={letter.state} />
          </Fact>
        )}
        {deadLetter !== null && (
          <Fact label={texts.order.deadLetter}>
            <a href={`/operator/dead-letters/${deadLetter.id}`}>{texts.letters.open}</a>
          </Fact>
        )}
      </dl>
      <p>
        <a href={customerHref(order.customerId)}>{texts.order.topUp}</a>
      </p>
    </section>
  );
}
