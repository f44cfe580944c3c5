import { useRoute } from 'preact-iso';
import type { Letter } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useLoad } from '../model/load.ts';
import { isUnsettled, LetterList, LetterView, tabOf } from '../parts/letter.tsx';
import { ListPage, usePageOf } from '../parts/list.tsx';
import { Loading } from '../parts/notices.tsx';
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

/** One letter as it was sent. */
export function LetterPage() {
  const texts = useTexts(customer).letters;
  const { api, language } = useConsole();
  const id = useRoute().params.id ?? '';
  const letter = useLoad(
    id,
    (signal) => api.read<Letter>(`/v1/letters/${encodeURIComponent(id)}`, { signal }),
    (data) => (isUnsettled(data) ? REFRESH_MS : null),
  );
  const title = letter.data === null ? texts.title : texts.kinds[letter.data.kind];
  return (
    <Page title={title} tab={tabOf(title, letter.data, language)}>
      <Loading loaded={letter}>{(data) => <LetterView letter={data} />}</Loading>
    </Page>
  );
}
