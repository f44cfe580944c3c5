const PART =
  /\r\nContent-Transfer-Encoding: (base64|quoted-printable)\r\n\r\n(.*?)(?=\r\n----|$)/gis;
const SUBJECT = /^Subject: (.*(?:\r\n[ \t].*)*)/im;
const MARKUP = /<style>[^<]*<\/style>|<[^>]*>/g;
const ENCODED_WORD = /=\?utf-8\?([bq])\?([^?]*)\?=/gi;

/**
 * The text of a mail: its subject and all its parts, decoded and without markup. It reads only the
 * encodings of our letters: encoded words, base64 and quoted-printable.
 * @param raw every byte, as latin1
 */
export function textOfMail(raw: string): string {
  const subject = (SUBJECT.exec(raw)?.[1] ?? '')
    .replace(/\r\n(?=[ \t])/g, '')
    // Blanks between two encoded words are not part of the text (RFC 2047 section 6.2).
    .replace(/\?=\s+=\?/g, '?==?')
    .replace(ENCODED_WORD, (_, kind: string, text: string) => decodeWord(kind, text));
  const parts = [...raw.matchAll(PART)].map(([, encoding, text = '']) =>
    encoding?.toLowerCase() === 'base64'
      ? Buffer.from(text, 'base64').toString()
      : decodeQuoted(text.replaceAll('=\r\n', '')),
  );
  return [subject, ...parts].join('\n').replaceAll('\r\n', '\n').replace(MARKUP, '');
}

function decodeWord(kind: string, text: string): string {
  if (kind.toLowerCase() === 'b') return Buffer.from(text, 'base64').toString();
  return decodeQuoted(text.replaceAll('_', ' '));
}

function decodeQuoted(text: string): string {
  const bytes = text.replace(/=([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, 'latin1').toString();
}
