import type { Static } from 'typebox';
import type { PublicPendingOrder } from '#contracts/operator.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration } from '../model/format.ts';
import { Filters, ListPage, Rows, useFilter, usePageOf } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { Id, Moment, Money } from '../parts/values.tsx';
import { operator } from '../texts/operator.ts';

type PendingOrder = Static<typeof PublicPendingOrder>;

const REFRESH_MS = 2_000;
const FILTERS = ['all', 'old'] as const;
const OLD_MS = 30_000;

/** Pending orders, and what recovery says about them. */
export function OperatorPendingPage() {
  const texts = useTexts(operator).pending;
  const minAgeMs = useFilter(FILTERS, 'age') === 'old' ? OLD_MS : undefined;
  const orders = usePageOf<PendingOrder>(
    '/v1/operator/pending-orders',
    { minAgeMs },
    // Later pages stay still, so that they can be read.
    (_page, cursor) => (cursor === undefined ? REFRESH_MS : null),
  );
  return (
    <Page title={texts.title} lead={texts.lead}>
      <Filters label={texts.age} filters={FILTERS} texts={texts.filters} parameter="age" />
      <ListPage loaded={orders} none={texts.none}>
        {(data) => <PendingList orders={data} />}
      </ListPage>
    </Page>
  );
}

function PendingList({ orders }: { orders: PendingOrder[] }) {
  const texts = useTexts(operator).pending;
  const { language } = useConsole();
  const rows = orders.map(({ id, ageMs, total, recovery }) => ({
    key: id,
    href: `/operator/orders/${id}`,
    main: <Id value={id} />,
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
  }));
  return <Rows rows={rows} wrapping />;
}
