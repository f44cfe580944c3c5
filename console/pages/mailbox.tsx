import { useEffect, useRef, useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { useConsole, useTexts } from '../model/context.ts';
import { formatSize } from '../model/format.ts';
import { useLoad } from '../model/load.ts';
import { TextField } from '../parts/form.tsx';
import { LetterTabs, PlainText } from '../parts/letter-tabs.tsx';
import { addressOf, Pager, Rows } from '../parts/list.tsx';
import { Empty, Loading } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { Fact, Moment } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';
import { mailbox } from '../texts/mailbox.ts';

/** A letter in the list (`GET /mailbox/messages`). */
interface MailSummary {
  id: number;
  receivedAt: string;
  from: string;
  to: string;
  subject: string;
  messageId: string;
  /** Bytes. */
  size: number;
}

interface MailPage {
  data: MailSummary[];
  /** `before` of the next page; null at the end. */
  next: number | null;
}

/** One letter as it was received (`GET /mailbox/messages/:id`). */
interface Mail extends MailSummary {
  /** False: only its headers and its source can be shown. */
  displayable: boolean;
  text: string | null;
  html: string | null;
  headers: { name: string; value: string }[];
  source: string;
}

/** The address of a letter or, for null, of the list, with the same search and page. */
function mailAddress(id: number | null, { search, before }: Record<string, string>): string {
  const path = id === null ? '/mailbox' : `/mailbox/${id}`;
  return addressOf(path, { ...(search && { search }), ...(before && { before }) });
}

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

const REFRESH_MS = 2_000;
const TYPING_MS = 300;
const SEARCH_MAX = 200;

/** Received letters, newest first; the first page follows new ones. */
function MailList({ opened }: { opened: number | null }) {
  const { title } = useTexts(customer).letters;
  const { api } = useConsole();
  const { search, before } = useLocation().query;
  const mails = useLoad(
    `mails ${search} ${before}`,
    (signal) =>
      api.read<MailPage>('/mailbox/messages', { query: { limit: 50, search, before }, signal }),
    before === undefined ? REFRESH_MS : null,
  );
  return (
    <section class="mail-list" aria-label={title}>
      <Search />
      <Loading loaded={mails}>
        {({ data, next }) => (
          <>
            {data.length === 0 ? (
              <Nothing searched={search !== undefined} more={next !== null} />
            ) : (
              <MailRows mails={data} opened={opened} />
            )}
            <Pager nextCursor={next === null ? null : String(next)} parameter="before" />
          </>
        )}
      </Loading>
    </section>
  );
}

function MailRows({ mails, opened }: { mails: MailSummary[]; opened: number | null }) {
  const texts = useTexts(mailbox);
  const { query } = useLocation();
  const rows = mails.map(({ id, subject, receivedAt, to }) => ({
    key: id,
    href: mailAddress(id, query),
    main: <bdi>{subject || texts.noSubject}</bdi>,
    side: <Moment at={receivedAt} />,
    dim: <bdi>{to}</bdi>,
    current: id === opened,
  }));
  return <Rows rows={rows} />;
}

/** A search covers part of the mailbox at a time: older letters may still match. */
function Nothing({ searched, more }: { searched: boolean; more: boolean }) {
  const texts = useTexts(mailbox);
  const { none } = useTexts(customer).letters;
  if (searched) return <Empty title={more ? texts.notFoundYet : texts.notFound} />;
  return <Empty title={none} hint={texts.noneHint} />;
}

/** The search field; its text goes into the address when the typing pauses. */
function Search() {
  const texts = useTexts(mailbox);
  const { path, query, route } = useLocation();
  const { search = '' } = query;
  const [text, setText] = useState(search);
  // Back and forward change the address without this field.
  useEffect(() => setText(search), [search]);
  useEffect(() => {
    const wanted = text.trim();
    if (wanted === search) return;
    const timer = setTimeout(() => {
      const found = wanted === '' ? {} : { search: wanted };
      const opened = /^\/mailbox\/(\d+)$/.exec(path)?.[1];
      route(mailAddress(opened === undefined ? null : Number(opened), found), true);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  }, [text, search, path, route]);
  return (
    <search>
      <TextField
        label={texts.search}
        quietLabel
        value={text}
        onChange={setText}
        input={{ type: 'search', maxLength: SEARCH_MAX, placeholder: texts.search }}
      />
    </search>
  );
}

/** One letter as the mail server received it. */
function MailView({ id }: { id: string }) {
  const { frame } = useTexts(customer).letters;
  const { api } = useConsole();
  const mail = useLoad(`mail ${id}`, (signal) =>
    api.read<Mail>(`/mailbox/messages/${encodeURIComponent(id)}`, { signal }),
  );
  return (
    <section aria-label={frame}>
      <Loading loaded={mail}>{(data) => <Message key={data.id} mail={data} />}</Loading>
    </section>
  );
}

function Message({ mail }: { mail: Mail }) {
  const texts = useTexts(mailbox);
  const words = useTexts(customer).letters;
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
          <Fact label={texts.from} text={mail.from || texts.noSender} />
          <Fact label={words.to} text={mail.to} />
          <Fact label={texts.received} at={mail.receivedAt} />
          <Fact label={texts.size}>{formatSize(mail.size, language)}</Fact>
        </dl>
      </header>
      {mail.displayable === false && <p>{texts.notDisplayable}</p>}
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
