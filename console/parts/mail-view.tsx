import { useEffect, useRef } from 'preact/hooks';
import { useConsole, useTexts } from '../model/context.ts';
import { formatSize } from '../model/format.ts';
import { useLoad } from '../model/load.ts';
import type { Mail } from '../model/mailbox.ts';
import { mailbox } from '../texts/mailbox.ts';
import { Fact } from './fact.tsx';
import { HeadersTable } from './headers-table.tsx';
import { LetterFrame } from './letter-frame.tsx';
import { Loading } from './notices.tsx';
import { type Tab, Tabs } from './tabs.tsx';
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
  // It opened beside or instead of the list: readers and keyboards go on from here.
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
      <Tabs label={texts.parts} tabs={useTabs(mail)} />
    </article>
  );
}

/** HTML and text where the letter has them; its headers and source it always has. */
function useTabs(mail: Mail): Tab[] {
  const texts = useTexts(mailbox);
  const { html, text, headers, source } = mail;
  const tabs: Tab[] = [];
  if (html !== null) {
    const content = () => <LetterFrame html={html} title={texts.frame} />;
    tabs.push({ name: 'html', label: texts.html, content });
  }
  if (text !== null) {
    tabs.push({ name: 'text', label: texts.text, content: () => <Plain text={text} /> });
  }
  const table = () => <HeadersTable label={texts.headers} headers={headers} />;
  tabs.push({ name: 'headers', label: texts.headers, content: table });
  const sourceView = () => (
    <>
      <p class="source-link">
        <a href={`/mailbox/messages/${mail.id}/source`} target="_blank" rel="noreferrer">
          {texts.openSource}
        </a>
      </p>
      <Plain text={source} />
    </>
  );
  tabs.push({ name: 'source', label: texts.source, content: sourceView });
  return tabs;
}

function Plain({ text }: { text: string }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <pre class="text" dir="auto" tabIndex={0}>
      {text}
    </pre>
  );
}
