import { useLocation, useRoute } from 'preact-iso';
import { useConsole, useTexts } from '../model/context.ts';
import { mailAddress } from '../model/mailbox.ts';
import { MailList } from '../parts/mail-list.tsx';
import { MailView } from '../parts/mail-view.tsx';
import { Page } from '../parts/page.tsx';
import { mailbox } from '../texts/mailbox.ts';

/**
 * The mailbox of the built-in mail server, open to everybody. On a phone the list and a letter are
 * separate pages, on a wider screen they share one.
 */
export function MailboxPage() {
  const texts = useTexts(mailbox);
  const { config } = useConsole();
  const { query } = useLocation();
  const { id } = useRoute().params;
  if (!config.mailbox) {
    return (
      <Page title={texts.title} narrow>
        <p>{texts.elsewhere}</p>
      </Page>
    );
  }
  return (
    <Page title={texts.title} lead={texts.lead}>
      <div class={id === undefined ? 'mail' : 'mail opened'}>
        <MailList opened={id === undefined ? null : Number(id)} />
        {id === undefined ? (
          <p class="mail-pane mail-choose">{texts.choose}</p>
        ) : (
          <div class="mail-pane">
            <a class="mail-back" href={mailAddress(null, query)}>
              ← {texts.back}
            </a>
            <MailView id={id} />
          </div>
        )}
      </div>
    </Page>
  );
}
