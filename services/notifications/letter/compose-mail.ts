import { hash } from 'node:crypto';
import { foldLines } from 'nodemailer/lib/mime-funcs';
import MimeNode from 'nodemailer/lib/mime-node';
import { encode, wrap } from 'nodemailer/lib/qp';
import { ATOM, parseSender } from '#contracts/mail-address.ts';
import { LINE_BREAKS } from '#contracts/patterns.ts';

/** One letter to one recipient. */
export interface Mail {
  /** `local@domain`, without angle brackets. The same on every attempt: receivers drop copies by it. */
  messageId: string;
  /** `address` or `Display name <address>`. */
  from: string;
  /** One bare address, see `isDeliverableAddress`. */
  to: string;
  subject: string;
  text: string;
  html: string;
  date: Date;
  /** BCP 47, for the Content-Language header. */
  language?: string;
  /** Where answers go: `address` or `Display name <address>`. */
  replyTo?: string;
  /** RFC 2369. `oneClick`: a POST to it unsubscribes (RFC 8058). */
  unsubscribe?: { url: string; oneClick: boolean };
}

const MESSAGE_ID = new RegExp(`^${ATOM}(?:\\.${ATOM})*@${ATOM}(?:\\.${ATOM})*$`);
const MESSAGE_ID_MAX = 250;
const LANGUAGE = /^[A-Za-z0-9-]{2,35}$/;

/**
 * The message in wire form, CRLF lines, not dot-stuffed. The same mail gives the same bytes.
 *
 * Folding, RFC 2047 words and address syntax of the header block are nodemailer's, called line by
 * line: a node of it costs three times as much. The two parts are joined here, each in the shorter
 * of quoted-printable and base64.
 * @throws TypeError for a malformed Message-ID, sender or language: a defect of ours, not the data's
 */
export function composeMail(mail: Mail): Buffer {
  if (mail.messageId.length > MESSAGE_ID_MAX || !MESSAGE_ID.test(mail.messageId)) {
    throw new TypeError('malformed Message-ID');
  }
  if (mail.language !== undefined && !LANGUAGE.test(mail.language)) {
    throw new TypeError('malformed language');
  }
  const boundary = boundaryOf(mail);
  const subject = mail.subject.toWellFormed().replace(LINE_BREAKS, ' ');
  const lines = [addressLine('From', mail.from), recipientLine(mail.to)];
  if (mail.replyTo !== undefined) lines.push(addressLine('Reply-To', mail.replyTo));
  if (/[^ ]/.test(subject)) lines.push(subjectLine(subject));
  lines.push(
    foldLines(`Message-ID: <${mail.messageId}>`),
    `Date: ${dateOf(mail)}`,
    // RFC 3834: vacation responders and ticket systems must not answer.
    'Auto-Submitted: auto-generated',
  );
  if (mail.language !== undefined) lines.push(`Content-Language: ${mail.language}`);
  if (mail.unsubscribe !== undefined) lines.push(...unsubscribeLines(mail.unsubscribe));
  lines.push(
    'MIME-Version: 1.0',
    `Content-Type: multipart/alternative;\r\n boundary="${boundary}"`,
    '\r\n',
  );
  return Buffer.concat([
    Buffer.from(lines.join('\r\n')),
    ...partOf(boundary, 'text/plain', mail.text),
    ...partOf(boundary, 'text/html', mail.html),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
}

/**
 * The top header block of `composeMail` in its order, with decoded values: for people, and never
 * for the wire.
 */
export function headersOf(mail: Mail): { name: string; value: string }[] {
  const headers: [string, string | undefined][] = [
    ['From', mail.from],
    ['To', mail.to],
    ['Reply-To', mail.replyTo],
    ['Subject', mail.subject],
    ['Message-ID', `<${mail.messageId}>`],
    ['Date', dateOf(mail)],
    ['Auto-Submitted', 'auto-generated'],
    ['Content-Language', mail.language],
    ['List-Unsubscribe', mail.unsubscribe && `<${mail.unsubscribe.url}>`],
    ['List-Unsubscribe-Post', mail.unsubscribe?.oneClick ? ONE_CLICK : undefined],
    ['MIME-Version', '1.0'],
    ['Content-Type', `multipart/alternative; boundary="${boundaryOf(mail)}"`],
  ];
  return headers.flatMap(([name, value]) => (value === undefined ? [] : { name, value }));
}

function dateOf({ date }: Mail): string {
  return date.toUTCString().replace('GMT', '+0000');
}

function boundaryOf({ messageId }: Mail): string {
  return `--_NmP-${hash('sha256', messageId, 'hex').slice(0, 32)}-Part_1`;
}

// Asked for the form of single values only; it has no content, so it fetches nothing.
const node = new MimeNode('text/plain', { disableFileAccess: true, disableUrlAccess: true });

function headerLine(key: string, value: string | { name: string; address: string }): string {
  return foldLines(`${key}: ${node.encodeHeaderValue(key, value)}`);
}

// nodemailer would only lower the case of a domain, encode other characters and quote others.
const PLAIN_RECIPIENT = /^[a-z0-9]+(?:[._+-][a-z0-9]+)*@(?:[a-z0-9]+\.)+[a-z]{2,}$/;
const UNFOLDED_MAX = 60;

function recipientLine(address: string): string {
  if (address.length <= UNFOLDED_MAX && PLAIN_RECIPIENT.test(address)) return `To: ${address}`;
  return headerLine('To', { name: '', address });
}

/** Words of RFC 2047 as nodemailer makes them, which asks for the length of each beginning. */
function subjectLine(subject: string): string {
  if (!isMostlyForeign(subject)) return headerLine('Subject', subject);
  const bytes = Buffer.from(subject);
  const words: string[] = [];
  for (let start = 0, end = 0; start < bytes.length; start = end) {
    end = Math.min(start + WORD_BYTES, bytes.length);
    while (isContinuation(bytes[end])) end -= 1;
    words.push(`=?UTF-8?B?${bytes.toString('base64', start, end)}?=`);
  }
  return foldLines(`Subject: ${words.join(' ')}`);
}

// 40 characters of base64: with the marks around them, a word has 52.
const WORD_BYTES = 30;

/** Whether it has characters beyond ASCII, and no more letters of ASCII: nodemailer's rule. */
function isMostlyForeign(text: string): boolean {
  let foreign = 0;
  let letters = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code > 0x7f) foreign += 1;
    else if ((code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a) letters += 1;
  }
  return foreign > 0 && foreign >= letters;
}

/** Whether a byte continues a character of UTF-8. */
function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}

const ONE_CLICK = 'List-Unsubscribe=One-Click';
// Visible ASCII that cannot end the brackets. A URL is not folded, and a line has 998 characters.
const HEADER_URL = /^(?:mailto|https):[!-;=?-~]{1,900}$/;

/** @throws TypeError for a malformed URL */
function unsubscribeLines({ url, oneClick }: NonNullable<Mail['unsubscribe']>): string[] {
  if (!HEADER_URL.test(url)) throw new TypeError('malformed URL of List-Unsubscribe');
  const post = oneClick ? [`List-Unsubscribe-Post: ${ONE_CLICK}`] : [];
  return [`List-Unsubscribe: <${url}>`, ...post];
}

// A memo of a pure function: a deployment has one sender. The limit bounds many.
const addressLines = new Map<string, string>();
const ADDRESS_LINES_MAX = 100;

/** @throws TypeError for a malformed address */
function addressLine(key: 'From' | 'Reply-To', text: string): string {
  const known = addressLines.get(key + text);
  if (known !== undefined) return known;
  const sender = parseSender(text);
  if (sender === undefined) throw new TypeError('malformed sender');
  const line = headerLine(key, sender);
  if (addressLines.size < ADDRESS_LINES_MAX) addressLines.set(key + text, line);
  return line;
}

/** A part from its delimiter to the line break after it. */
function partOf(boundary: string, type: string, content: string): Buffer[] {
  // A string as the pattern costs half of a regular expression; texts of templates have no CR.
  const text = content.includes('\r')
    ? content.replace(/\r\n?|\n/g, '\r\n')
    : content.replaceAll('\n', '\r\n');
  const bytes = Buffer.from(text);
  const readable = isShorterQuoted(text, bytes);
  const encoding = readable ? 'quoted-printable' : 'base64';
  const head = `--${boundary}\r\nContent-Type: ${type}; charset=utf-8\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  return [Buffer.from(head), readable ? quotedPrintable(bytes) : base64(bytes), CRLF];
}

const CRLF = Buffer.from('\r\n');

/** Quoted-printable takes three characters for a byte that is not ASCII, base64 four for any three. */
function isShorterQuoted(text: string, bytes: Buffer): boolean {
  // A character outside of ASCII has at least one and a half times as many bytes as it adds.
  if ((bytes.length - text.length) * 1.5 * 6 > bytes.length) return false;
  // Without a branch: where letters and tags alternate, it would be mispredicted at each change.
  let foreign = 0;
  for (let at = 0; at < bytes.length; at++) foreign += (bytes[at] as number) >> 7;
  if (foreign * 6 > bytes.length) return false;
  let escaped = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    if (byte > 0x7e || byte === 0x3d) escaped += 1;
  }
  return escaped * 6 <= bytes.length;
}

// Leaves room for the escape of a line's first character: a line has at most 76.
const QUOTED_LENGTH = 74;
// Relays stumble over a leading dot, mailbox files over "From ", and "--" begins a boundary.
const RISKY_START = /^(?=\.|--|From )./gm;

function quotedPrintable(bytes: Buffer): Buffer {
  const escaped = (first: string) => `=${Buffer.from(first).toString('hex').toUpperCase()}`;
  return Buffer.from(wrap(encode(bytes), QUOTED_LENGTH).replace(RISKY_START, escaped), 'latin1');
}

const LINE_LENGTH = 76;

/** Encoded at once, and then the lines are moved apart from the last one: no string for each. */
function base64(bytes: Buffer): Buffer {
  const encoded = bytes.toString('base64');
  // A last line that is full is followed by an empty one: letters that go again, perhaps after an
  // update of this system, are the same to the last byte.
  const breaks = Math.floor(encoded.length / LINE_LENGTH);
  const lines = Buffer.allocUnsafe(encoded.length + breaks * CRLF.length);
  lines.write(encoded, 'latin1');
  for (let line = breaks; line > 0; line--) {
    const from = line * LINE_LENGTH;
    const to = from + line * CRLF.length;
    lines.copyWithin(to, from, from + LINE_LENGTH);
    lines.set(CRLF, to - CRLF.length);
  }
  return lines;
}
