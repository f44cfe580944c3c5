import { useLocation } from 'preact-iso';
import type { Letter } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import { LetterList } from '../parts/letter-list.tsx';
import { Empty, Loading } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { Pager } from '../parts/pager.tsx';
import { customer } from '../texts/customer.ts';

const REFRESH_MS = 2_000;

/** The customer's letters; while one is on its way the list follows it. */
export function LettersPage() {
  const texts = useTexts(customer).letters;
  const { api } = useConsole();
  const { query } = useLocation();
  const letters = useLoad(
    `letters ${query.cursor}`,
    (signal) =>
      api.read<PageOf<Letter>>('/v1/letters', {
        query: { limit: 20, cursor: query.cursor },
        signal,
      }),
    ({ data }) => (data.some(({ state }) => isOnItsWay(state)) ? REFRESH_MS : null),
  );
  return (
    <Page title={texts.title}>
      <Loading loaded={letters}>
        {({ data, nextCursor }) => (
          <>
            {data.length === 0 ? (
              <Empty title={texts.none}>
                <p>{texts.noneHint}</p>
              </Empty>
            ) : (
              <LetterList letters={data} hrefOf={({ id }) => `/letters/${id}`} />
            )}
            <Pager nextCursor={nextCursor} />
          </>
        )}
      </Loading>
    </Page>
  );
}

export function isOnItsWay(state: Letter['state']): boolean {
  return state === 'queued' || state === 'sending';
}
