import type { Overview } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useLoad } from '../model/load.ts';
import { type KnownParts, urgencies } from '../model/overview.ts';
import { useCharts, useIsOutdated, useKnownParts } from '../model/overview-history.ts';
import { Loading, Notice } from '../parts/notices.tsx';
import { LettersCard, OrdersCard, Partitions, PendingCard } from '../parts/overview-cards.tsx';
import { LiveFigures } from '../parts/overview-live.tsx';
import { Attention, Faults } from '../parts/overview-notices.tsx';
import { Page } from '../parts/page.tsx';
import { Moment } from '../parts/values.tsx';
import { overview } from '../texts/overview.ts';

const REFRESH_MS = 2_000;

/** The state of the system, now and in the last hour. */
export function OperatorOverviewPage() {
  const texts = useTexts(overview);
  const { api } = useConsole();
  const loaded = useLoad(
    'overview',
    (signal) => api.read<Overview>('/v1/operator/overview', { signal }),
    REFRESH_MS,
  );
  const charts = useCharts(loaded.data);
  const known = useKnownParts(loaded.data);
  const outdated = useIsOutdated(loaded, REFRESH_MS);
  return (
    <Page
      title={texts.title}
      lead={texts.lead}
      actions={
        <a class="button" href="/operator/customers">
          {texts.topUp}
        </a>
      }
    >
      <Loading loaded={loaded}>
        {(data) => (
          // The class alone dims the figures: their texts stay readable.
          <div class={outdated ? 'overview outdated' : 'overview'}>
            {outdated && (
              <Notice tone="wait">
                {texts.asOf} <Moment at={data.at} />. {texts.asOfHint}
              </Notice>
            )}
            <Figures data={data} known={known} charts={charts} outdated={outdated} />
          </div>
        )}
      </Loading>
    </Page>
  );
}

function Figures(props: {
  data: Overview;
  known: KnownParts;
  charts: ReturnType<typeof useCharts>;
  outdated: boolean;
}) {
  const { data, known, charts, outdated } = props;
  const texts = useTexts(overview);
  const { orders, notifications } = known;
  const urgent = urgencies({
    ...data,
    orders: orders?.value ?? null,
    notifications: notifications?.value ?? null,
  });
  const away = data.orders === null || data.notifications === null;
  return (
    <>
      {data.orders === null && (
        <Notice tone="wait">
          {texts.ordersAway} <LastKnown part={orders} />
        </Notice>
      )}
      {data.notifications === null && (
        <Notice tone="wait">
          {texts.notificationsAway} <LastKnown part={notifications} />
        </Notice>
      )}
      <Attention known={known} urgent={urgent} uncertain={away || outdated} />
      <Faults data={data} />
      <h2 class="unseen">{texts.now}</h2>
      <LiveFigures known={known} urgent={urgent} charts={charts} />
      <div class="columns">
        {orders !== null && <OrdersCard orders={orders.value} stale={orders.stale} />}
        {orders !== null && (
          <PendingCard orders={orders.value} urgency={urgent.pending} stale={orders.stale} />
        )}
        {notifications !== null && (
          <LettersCard
            notifications={notifications.value}
            urgencies={urgent}
            stale={notifications.stale}
          />
        )}
      </div>
      {notifications?.value.lag && <Partitions lag={notifications.value.lag} />}
    </>
  );
}

/** Since when the figures of a part are the last known ones. */
function LastKnown({ part }: { part: KnownParts[keyof KnownParts] }) {
  const texts = useTexts(overview);
  if (part === null) return null;
  return (
    <>
      {texts.asOf} <Moment at={part.at} />.
    </>
  );
}
