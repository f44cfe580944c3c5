import { setTimeout as pause } from 'node:timers/promises';
import { createClient } from '#client/client.ts';

/** A letter as the customer has got it. */
export interface Letter {
  id: number;
  receivedAt: string;
  from: string;
  to: string;
  subject: string;
  messageId: string;
  text: string;
  html: string;
}

/** What a letter must match; all of it. */
export interface LetterFilter {
  /** The address of the recipient. */
  to?: string;
  /** A part of the subject, or an expression for it. */
  subject?: string | RegExp;
  /** The order that the letter is about. */
  orderId?: string;
}

/** The mailbox of all customers: what the mail server has taken. */
export interface TestMailbox {
  /** All letters since the last `clear`, in the order of their arrival. */
  list(): Promise<Letter[]>;
  /**
   * The first letter that matches, now or within the deadline.
   * @throws Error with the letters that there are
   */
  waitFor(filter?: LetterFilter, options?: { deadlineMs?: number }): Promise<Letter>;
  /** Later calls do not see the letters that have arrived so far. */
  clear(): Promise<void>;
}

interface Page {
  data: { id: number }[];
  next: number | null;
}

const DEADLINE_MS = 10_000;
const POLL_MS = 25;
const MESSAGES = '/mailbox/messages';

/** @param url of the mailbox's API */
export function createMailbox(url: string): TestMailbox {
  // It answers as long as the system runs, so nothing is repeated.
  const { send } = createClient({ baseUrl: url, deadlineMs: 0 });
  const read = new Map<number, Letter>();
  let clearedTo = 0;

  async function newIds(): Promise<number[]> {
    const ids: number[] = [];
    for (let before: number | null | undefined; before !== null; ) {
      const query: { limit: number; before?: number | undefined } = { limit: 100, before };
      const page: Page = (await send<Page>('GET', MESSAGES, { query })).body;
      const found = page.data.map(({ id }) => id).filter((id) => id > clearedTo);
      ids.push(...found);
      before = found.length < page.data.length ? null : page.next;
    }
    return ids.reverse();
  }

  async function readOne(id: number): Promise<Letter> {
    const known = read.get(id);
    if (known !== undefined) return known;
    const { body } = await send<Letter>('GET', `${MESSAGES}/${id}`);
    const { receivedAt, from, to, subject, messageId, text, html } = body;
    const letter = { id, receivedAt, from, to, subject, messageId, text, html };
    read.set(id, letter);
    return letter;
  }

  async function list(): Promise<Letter[]> {
    const letters: Letter[] = [];
    for (const id of await newIds()) letters.push(await readOne(id));
    return letters;
  }

  return {
    list,
    async waitFor(filter = {}, { deadlineMs = DEADLINE_MS } = {}) {
      const end = performance.now() + deadlineMs;
      for (;;) {
        const letters = await list();
        const found = letters.find((letter) => matches(letter, filter));
        if (found !== undefined) return found;
        if (performance.now() > end) throw notFound(filter, letters, deadlineMs);
        await pause(POLL_MS);
      }
    },
    async clear() {
      clearedTo = (await newIds()).at(-1) ?? clearedTo;
    },
  };
}

function matches(letter: Letter, { to, subject, orderId }: LetterFilter): boolean {
  if (to !== undefined && letter.to.toLowerCase() !== to.toLowerCase()) return false;
  if (orderId !== undefined && !letter.text.includes(orderId)) return false;
  if (subject === undefined) return true;
  return typeof subject === 'string'
    ? letter.subject.includes(subject)
    : letter.subject.search(subject) >= 0;
}

function notFound(filter: LetterFilter, letters: Letter[], deadlineMs: number): Error {
  const { subject, ...rest } = filter;
  const wanted = JSON.stringify({ ...rest, ...(subject && { subject: String(subject) }) });
  const there = letters.map(({ to, subject: about }) => `  ${to}: ${about}`).join('\n');
  return new Error(
    `no letter ${wanted} arrived within ${deadlineMs} ms; there are:\n${there || '  none'}`,
  );
}
