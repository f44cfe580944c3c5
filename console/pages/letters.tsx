import type { Letter } from '#contracts/notifications.ts';
import { useTexts } from '../model/context.ts';
import { isUnsettled, LetterList } from '../parts/letter-list.tsx';
import { ListPage, usePageOf } from '../parts/list.tsx';
import { Page } from '../parts/page.tsx';
import { customer } from '../texts/customer.ts';

const REFRESH_MS = 2_000;

/** The customer's letters; the list is read again while one of them is being sent. */
export function LettersPage() {
  const texts = useTexts(customer).letters;
  const letters = usePageOf<Letter>('/v1/letters', {}, ({ data }) =>
    data.some(isUnsettled) ? REFRESH_MS : null,
  );
  return (
    <Page title={texts.title}>
      <ListPage loaded={letters} none={texts.none} noneHint={texts.noneHint}>
        {(data) => <LetterList letters={data} path="/letters" />}
      </ListPage>
    </Page>
  );
}
