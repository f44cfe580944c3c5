import { useEffect, useRef } from 'preact/hooks';
import { useConsole, useTexts } from '../model/context.ts';
import { formatSize } from '../model/format.ts';
import { useAction, useLoad } from '../model/load.ts';
import type { Mail, MailChecks } from '../model/mailbox.ts';
import { customer } from '../texts/customer.ts';
import { mailbox } from '../texts/mailbox.ts';
import { LetterTabs, PlainText } from './letter-tabs.tsx';
import { Loading, Problem } from './notices.tsx';
import { Button } from './page.tsx';
import { Fact } from './values.tsx';

/** One letter as the mail server received it. */
export function MailView({ id, onDeleted }: { id: string; onDeleted: () => void }) {
  const { frame } = useTexts(customer).letters;
  const { api } = useConsole();
  const mail = useLoad(`mail ${id}`, (signal) =>
    api.read<Mail>(`/mailbox/messages/${encodeURIComponent(id)}`, { signal }),
  );
  return (
    <section aria-label={frame}>
      <Loading loaded={mail}>
        {(data) => <Message key={data.id} mail={data} onDeleted={onDeleted} />}
      </Loading>
    </section>
  );
}

function Message({ mail, onDeleted }: { mail: Mail; onDeleted: () => void }) {
  const texts = useTexts(mailbox);
  const { api } = useConsole();
  const words = useTexts(customer).letters;
  const { language } = useConsole();
  const heading = useRef<HTMLHeadingElement>(null);
  // The list keeps the focus otherwise: screen readers and keyboards would miss the letter.
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    // The list shows it; nothing else depends on it.
    api.send('PUT', `/mailbox/messages/${mail.id}/seen`).catch(() => {});
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
          <Fact label={texts.from} text={mail.from || texts.noSender} />
          <Fact label={words.to} text={mail.to} />
          <Fact label={texts.received} at={mail.receivedAt} />
          <Fact label={texts.size}>{formatSize(mail.size, language)}</Fact>
        </dl>
      </header>
      <DeleteOne id={mail.id} onDeleted={onDeleted} />
      {mail.displayable === false && <p>{texts.notDisplayable}</p>}
      <Attachments attachments={mail.attachments} />
      {mail.html !== null && mail.checks !== null && <Checks checks={mail.checks} />}
      <LetterTabs
        letter={mail}
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

function DeleteOne({ id, onDeleted }: { id: number; onDeleted: () => void }) {
  const texts = useTexts(mailbox);
  const { api } = useConsole();
  const { run, running, problem } = useAction(async () => {
    await api.send('DELETE', `/mailbox/messages/${id}`);
    onDeleted();
  });
  return (
    <>
      <Problem problem={problem} />
      <p>
        <Button text={texts.delete} disabled={running} run={run} />
      </p>
    </>
  );
}

function Attachments({ attachments = [] }: Partial<Pick<Mail, 'attachments'>>) {
  const texts = useTexts(mailbox);
  const { language } = useConsole();
  if (attachments.length === 0) return null;
  return (
    <section aria-label={texts.attachments}>
      <h3>{texts.attachments}</h3>
      <ul>
        {attachments.map(({ name, type, size }, index) => (
          <li key={index}>
            <bdi>{name || texts.noName}</bdi>{' '}
            <span class="quiet">
              <bdi>{type}</bdi>, {formatSize(size, language)}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What to look at before real people get such a letter. */
function Checks({ checks }: { checks: MailChecks }) {
  const texts = useTexts(mailbox).checks;
  const { language } = useConsole();
  const faults = [
    checks.missingText && texts.missingText,
    checks.imagesWithoutAlt > 0 && texts.imagesWithoutAlt(checks.imagesWithoutAlt),
    checks.externalImages > 0 && texts.externalImages(checks.externalImages),
    checks.insecureLinks > 0 && texts.insecureLinks(checks.insecureLinks),
    checks.clipped && texts.clipped,
  ].filter((text) => text !== false);
  return (
    <details class="inner">
      <summary>{texts.title(faults.length)}</summary>
      <ul class="listed">
        {faults.map((fault) => (
          <li key={fault}>{fault}</li>
        ))}
        <li>{texts.counts(checks.images, checks.links, formatSize(checks.htmlBytes, language))}</li>
      </ul>
    </details>
  );
}
