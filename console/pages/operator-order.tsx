import { useRoute } from 'preact-iso';
import type { Journey } from '#contracts/gateway.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useLoad } from '../model/load.ts';
import { JourneyView } from '../parts/journey-view.tsx';
import { LetterPill } from '../parts/letter.tsx';
import { addressOf } from '../parts/list.tsx';
import { Loading, Notice } from '../parts/notices.tsx';
import { OrderItems } from '../parts/order-items.tsx';
import { Page } from '../parts/page.tsx';
import { Fact, Money, StatusPill } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';
import { operator } from '../texts/operator.ts';
import { useWatchEvery } from './order.tsx';

/** Any order and its journey through the services. */
export function OperatorOrderPage() {
  const texts = useTexts(operator).order;
  const words = useTexts(customer).order;
  const { api, language } = useConsole();
  const id = useRoute().params.id ?? '';
  const journey = useLoad(
    `${id} ${language}`,
    (signal) =>
      api.read<Journey>(`/v1/operator/orders/${encodeURIComponent(id)}/journey`, { signal }),
    useWatchEvery(),
  );
  return (
    <Page title={words.title}>
      <Loading loaded={journey}>
        {(found) => (
          <>
            {found.recovery.error !== null && found.order.status === 'Pending' && (
              <Notice tone="bad">
                {texts.lastError}: {found.recovery.error}
              </Notice>
            )}
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
        <Fact label={texts.order.customer} code={order.customerId} />
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
        <a href={addressOf('/operator/wallets', { customer: order.customerId })}>
          {texts.order.topUp}
        </a>
      </p>
    </section>
  );
}
