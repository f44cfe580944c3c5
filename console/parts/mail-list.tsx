import { useEffect, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { useConsole, useTexts } from '../model/context.ts';
import { useLoad } from '../model/load.ts';
import { type MailPage, type MailSummary, mailAddress } from '../model/mailbox.ts';
import { mailbox } from '../texts/mailbox.ts';
import { TextField } from './field.tsx';
import { Rows } from './list.tsx';
import { Empty, Loading } from './notices.tsx';
import { Pager } from './pager.tsx';
import { Moment } from './values.tsx';

const REFRESH_MS = 2_000;
const TYPING_MS = 300;
const SEARCH_MAX = 200;

/** Received letters, newest first; the first page follows new ones. */
export function MailList({ opened }: { opened: number | null }) {
  const texts = useTexts(mailbox);
  const { api } = useConsole();
  const { search, before } = useLocation().query;
  const mails = useLoad(
    `mails ${search} ${before}`,
    (signal) =>
      api.read<MailPage>('/mailbox/messages', { query: { limit: 50, search, before }, signal }),
    before === undefined ? REFRESH_MS : null,
  );
  return (
    <section class="mail-list" aria-label={texts.list}>
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
  if (searched) return <Empty title={more ? texts.notFoundYet : texts.notFound} />;
  return <Empty title={texts.none} hint={texts.noneHint} />;
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
