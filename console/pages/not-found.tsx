import { useTexts } from '../model/context.ts';
import { Page } from '../parts/page.tsx';
import { common } from '../texts/common.ts';

/** For an unknown address, and in place of a page that failed. */
export function NotFoundPage({ error }: { error?: Error }) {
  const texts = useTexts(common);
  return (
    <Page title={error === undefined ? texts.notFound : texts.broken} narrow>
      <p>{error === undefined ? texts.notFoundLead : texts.brokenLead}</p>
      {error !== undefined && <p class="quiet">{error.message}</p>}
      <p>
        {/* A full load after a failure: the state may be damaged. */}
        <a class="button" href="/" target={error === undefined ? undefined : '_top'}>
          {texts.toHome}
        </a>
      </p>
    </Page>
  );
}
