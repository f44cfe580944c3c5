import { useRoute } from 'preact-iso';
import type { Letter } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useLoad } from '../model/load.ts';
import { isUnsettled } from '../parts/letter-list.tsx';
import { LetterView } from '../parts/letter-view.tsx';
import { Loading } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { customer } from '../texts/customer.ts';

const REFRESH_MS = 2_000;

/** One letter as it was sent. */
export function LetterPage() {
  const texts = useTexts(customer).letters;
  const { api } = useConsole();
  const id = useRoute().params.id ?? '';
  const letter = useLoad(
    id,
    (signal) => api.read<Letter>(`/v1/letters/${encodeURIComponent(id)}`, { signal }),
    (data) => (isUnsettled(data) ? REFRESH_MS : null),
  );
  const title = letter.data === null ? texts.title : texts.kinds[letter.data.kind];
  return (
    <Page title={title}>
      <Loading loaded={letter}>{(data) => <LetterView letter={data} />}</Loading>
    </Page>
  );
}
