import { withTimeout } from '#platform/async/timeout.ts';
import { AppError, commonProblems } from '#platform/errors.ts';
import { checkMail, type MailChecks } from './check-mail.ts';
import { readHeaders } from './headers.ts';
import type { MailSummary } from './listing.ts';
import type { MailStore } from './store.ts';

// The parser takes up to 0.3 s for a mail of this size with any content; ours have some KB.
const PARSED_BYTES_MAX = 2 * 1024 * 1024;
// The parser's own bounds, of each part and of the mail: without them it takes minutes.
const PART_HEADER_BYTES_MAX = 32 * 1024;
const PARTS_MAX = 100;
const PARSE_TIMEOUT_MS = 5_000;
// Mails that wait for their turn: the parser blocks its thread, so it reads one at a time.
const WAITING_MAX = 32;
// Of what a page shows; the address of the source has all of it.
const SHOWN_CHARACTERS_MAX = 256 * 1024;
const HEADERS_SHOWN_MAX = 500;
const ATTACHMENTS_SHOWN_MAX = 50;
const NAME_LENGTH_MAX = 200;

export type KeptMail = NonNullable<ReturnType<MailStore['find']>>;

export interface MailDetails extends MailSummary {
  /** False: its structure is beyond the bounds or damaged, so only headers and source are shown. */
  displayable: boolean;
  text: string | null;
  html: string | null;
  headers: { name: string; value: string }[];
  attachments: Attachment[];
  /** Null where it could not be parsed. */
  checks: MailChecks | null;
  source: string;
}

export interface Attachment {
  /** Empty where the mail names none. */
  name: string;
  type: string;
  /** Bytes. */
  size: number;
}

/** Reads mails for display, one after the other. A mail that cannot be parsed is no error. */
export function createMailReader(): (mail: KeptMail) => Promise<MailDetails> {
  let waiting = 0;
  let last: Promise<unknown> = Promise.resolve();
  return async (mail) => {
    if (waiting >= WAITING_MAX) {
      throw new AppError(commonProblems.overloaded, 'too many mails are being read', {
        headers: { 'retry-after': '1' },
        expected: true,
      });
    }
    waiting += 1;
    const reading = last.then(() => readDetails(mail));
    last = reading.catch(() => {});
    try {
      return await reading;
    } finally {
      waiting -= 1;
    }
  };
}

async function readDetails({ raw, ...summary }: KeptMail): Promise<MailDetails> {
  const content = await parse(raw).catch(() => undefined);
  return {
    ...summary,
    displayable: content !== undefined,
    text: content?.text ?? null,
    html: content?.html ?? null,
    attachments: content?.attachments ?? [],
    checks: content === undefined ? null : checkMail(content.text, content.html),
    headers: readHeaders(raw).slice(0, HEADERS_SHOWN_MAX),
    source: shown(raw.subarray(0, 4 * SHOWN_CHARACTERS_MAX).toString('utf8')),
  };
}

/** @throws Error for a mail beyond the bounds */
async function parse(
  raw: Buffer,
): Promise<{ text: string | null; html: string | null; attachments: Attachment[] }> {
  if (raw.length > PARSED_BYTES_MAX) throw new Error('larger than what is parsed');
  // Loaded on demand: its character sets need much memory.
  const { simpleParser } = await import('mailparser');
  const options = {
    skipHtmlToText: true,
    skipTextToHtml: true,
    skipImageLinks: true,
    maxHeadSize: PART_HEADER_BYTES_MAX,
    maxChildNodes: PARTS_MAX,
    // A mail within a mail is an attachment: it cannot nest the parser any deeper.
    ignoreEmbedded: true,
  };
  const { text, html, attachments } = await withTimeout(
    PARSE_TIMEOUT_MS,
    simpleParser(raw, options),
  );
  return {
    text: text === undefined ? null : shown(text),
    html: html ? shown(html) : null,
    attachments: attachments.slice(0, ATTACHMENTS_SHOWN_MAX).map((attachment) => ({
      name: (attachment.filename ?? '').slice(0, NAME_LENGTH_MAX),
      type: attachment.contentType.slice(0, NAME_LENGTH_MAX),
      size: attachment.size,
    })),
  };
}

function shown(text: string): string {
  return text.length <= SHOWN_CHARACTERS_MAX ? text : `${text.slice(0, SHOWN_CHARACTERS_MAX)}…`;
}
