import { useTexts } from '../model/context.ts';
import { Page } from '../parts/page.tsx';
import { shell } from '../texts/shell.ts';

/** An address that leads nowhere, or a page that broke. */
export function NotFoundPage({ fault }: { fault?: Error }) {
  const texts = useTexts(shell);
  return (
    <Page title={fault === undefined ? texts.notFound : texts.broken} narrow>
      <p>{fault === undefined ? texts.notFoundLead : fault.message}</p>
      <p>
        {/* A full load: a page that broke may have left the state damaged. */}
        <a class="button" href="/" target={fault === undefined ? undefined : '_top'}>
          {texts.toHome}
        </a>
      </p>
    </Page>
  );
}
