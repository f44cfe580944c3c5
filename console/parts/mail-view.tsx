import { useEffect, useRef } from 'preact/hooks';
import { useConsole, useTexts } from '../model/context.ts';
import { formatSize } from '../model/format.ts';
import { useLoad } from '../model/load.ts';
import type { Mail } from '../model/mailbox.ts';
import { mailbox } from '../texts/mailbox.ts';
import { Fact } from './fact.tsx';
import { LetterTabs, PlainText } from './letter-tabs.tsx';
import { Loading } from './notices.tsx';
import { Moment } from './values.tsx';

/** One letter as the mail server received it. */
export function MailView({ id }: { id: string }) {
  const texts = useTexts(mailbox);
  const { api } = useConsole();
  const mail = useLoad(`mail ${id}`, (signal) =>
    api.read<Mail>(`/mailbox/messages/${encodeURIComponent(id)}`, { signal }),
  );
  return (
    <section aria-label={texts.frame}>
      <Loading loaded={mail}>{(data) => <Message key={data.id} mail={data} />}</Loading>
    </section>
  );
}

function Message({ mail }: { mail: Mail }) {
  const texts = useTexts(mailbox);
  const { language } = useConsole();
  const heading = useRef<HTMLHeadingElement>(null);
  // The list keeps the focus otherwise: screen readers and keyboards would miss the letter.
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    const titleOfList = document.title;
    document.title = `${mail.subject || texts.noSubject} · Orderbell`;
    return () => {
      document.title = titleOfList;
    };
  }, []);
  return (
    <article class="card letter">
      <header>
        <h2 ref={heading} class="letter-subject" tabIndex={-1}>
          <bdi>{mail.subject || texts.noSubject}</bdi>
        </h2>
        <dl class="facts">
          <Fact label={texts.from}>
            <bdi>{mail.from || texts.noSender}</bdi>
          </Fact>
          <Fact label={texts.to}>
            <bdi>{mail.to}</bdi>
          </Fact>
          <Fact label={texts.received}>
            <Moment at={mail.receivedAt} />
          </Fact>
          <Fact label={texts.size}>{formatSize(mail.size, language)}</Fact>
        </dl>
      </header>
      <LetterTabs
        letter={mail}
        texts={texts}
        last={{
          name: 'source',
          label: texts.source,
          content: () => (
            <>
              <p class="source-link">
                <a href={`/mailbox/messages/${mail.id}/source`} target="_blank" rel="noreferrer">
                  {texts.openSource}
                </a>
              </p>
              <PlainText text={mail.source} />
            </>
          ),
        }}
      />
    </article>
  );
}
