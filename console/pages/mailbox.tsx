import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { useConsole, useTexts } from '../model/context.ts';
import { type Loaded, useAction, useLoad } from '../model/load.ts';
import type { MailPage, MailSummary } from '../model/mailbox.ts';
import { TextField } from '../parts/form.tsx';
import { addressOf, Pager, Rows } from '../parts/list.tsx';
import { MailView } from '../parts/mail-view.tsx';
import { Empty, Loading, Problem } from '../parts/notices.tsx';
import { Button, Page } from '../parts/page.tsx';
import { Question } from '../parts/question.tsx';
import { Moment } from '../parts/values.tsx';
import { customer } from '../texts/customer.ts';
import { mailbox } from '../texts/mailbox.ts';

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
  const { id } = useRoute().params;
  if (!config.mailbox) {
    return (
      <Page title={texts.title} narrow>
        <p>{texts.elsewhere}</p>
      </Page>
    );
  }
  return <OpenMailbox id={id} />;
}

function OpenMailbox({ id }: { id: string | undefined }) {
  const texts = useTexts(mailbox);
  const { query, route } = useLocation();
  const mails = useMails();
  const onDeleted = () => {
    route(mailAddress(null, query));
    mails.reload();
  };
  return (
    <Page title={texts.title} lead={texts.lead}>
      <div class={id === undefined ? 'mail' : 'mail opened'}>
        <MailList mails={mails} opened={id === undefined ? null : Number(id)}>
          <DeleteAll onDeleted={onDeleted} />
        </MailList>
        {id === undefined ? (
          <p class="mail-pane mail-choose">{texts.choose}</p>
        ) : (
          <div class="mail-pane">
            <a class="mail-back" href={mailAddress(null, query)}>
              ← {texts.back}
            </a>
            <MailView id={id} onDeleted={onDeleted} />
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
function useMails(): Loaded<MailPage> {
  const { api } = useConsole();
  const { search, before } = useLocation().query;
  return useLoad(
    `mails ${search} ${before}`,
    (signal) =>
      api.read<MailPage>('/mailbox/messages', { query: { limit: 50, search, before }, signal }),
    before === undefined ? REFRESH_MS : null,
  );
}

function MailList(props: {
  mails: Loaded<MailPage>;
  opened: number | null;
  children: ComponentChildren;
}) {
  const { mails, opened, children } = props;
  const { title } = useTexts(customer).letters;
  const { search } = useLocation().query;
  return (
    <section class="mail-list" aria-label={title}>
      <Search />
      <Loading loaded={mails}>
        {({ data, next }) => (
          <>
            {data.length === 0 ? (
              <Nothing searched={search !== undefined} more={next !== null} />
            ) : (
              <>
                <MailRows mails={data} opened={opened} />
                {search === undefined && children}
              </>
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
  const rows = mails.map(({ id, subject, receivedAt, to, seen }) => ({
    key: id,
    href: mailAddress(id, query),
    main: (
      <>
        {!seen && id !== opened && <span class="unread">{texts.unread} </span>}
        <bdi>{subject || texts.noSubject}</bdi>
      </>
    ),
    side: <Moment at={receivedAt} />,
    dim: <bdi>{to}</bdi>,
    current: id === opened,
  }));
  return <Rows rows={rows} />;
}

function DeleteAll({ onDeleted }: { onDeleted: () => void }) {
  const texts = useTexts(mailbox);
  const { api } = useConsole();
  const [asked, setAsked] = useState(false);
  const { run, running, problem } = useAction(async () => {
    await api.send('DELETE', '/mailbox/messages');
    setAsked(false);
    onDeleted();
  });
  if (!asked) return <Button look="plain" text={texts.deleteAll} run={() => setAsked(true)} />;
  return (
    <>
      <Problem problem={problem} />
      <Question
        text={texts.deleteAllQuestion}
        confirm={texts.deleteAll}
        cancel={texts.keep}
        running={running}
        onConfirm={run}
        onCancel={() => setAsked(false)}
      />
    </>
  );
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
  useLayoutEffect(() => setText(search), [search]);
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
