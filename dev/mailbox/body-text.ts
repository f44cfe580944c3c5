// Reads the text of a mail for the search: fast and without an error, not by all rules of MIME. The
// page of a mail has a real parser (read-mail.ts).

const DEPTH_MAX = 3;
const PARTS_MAX = 20;

/**
 * The text part of a mail, else the text of its HTML.
 * @param max characters; what follows is not searched
 */
export function readBodyText(raw: Buffer, max: number): string {
  const parts = partsOf(raw.subarray(0, 64 * max).toString('latin1'), DEPTH_MAX);
  const plain = parts.find(({ type }) => type === 'text/plain');
  const html = parts.find(({ type }) => type === 'text/html');
  const text = plain ? decode(plain) : html ? decode(html).replace(/<[^>]{0,2000}>/g, ' ') : '';
  return text.replace(/\s+/g, ' ').slice(0, max);
}

interface Part {
  type: string;
  charset: string;
  encoding: string;
  body: string;
}

/** The parts that have no parts. @param text bytes as latin1 */
function partsOf(text: string, depth: number): Part[] {
  const end = text.indexOf('\r\n\r\n');
  const head = (end < 0 ? text : text.slice(0, end)).replace(/\r\n(?=[ \t])/g, '');
  const body = end < 0 ? '' : text.slice(end + 4);
  const contentType = headerOf(head, 'content-type');
  const boundary = /\bboundary="?([^";\r\n]{1,70})/i.exec(contentType)?.[1];
  if (boundary !== undefined) {
    if (depth === 0) return [];
    const inner = body.split(`--${boundary}`).slice(1, PARTS_MAX + 1);
    return inner.flatMap((part) => partsOf(part.replace(/^\r\n/, ''), depth - 1));
  }
  return [
    {
      type: /^[^;\s]*/.exec(contentType || 'text/plain')?.[0].toLowerCase() ?? '',
      charset: /\bcharset="?([^";\s]+)/i.exec(contentType)?.[1] ?? 'utf-8',
      encoding: headerOf(head, 'content-transfer-encoding').toLowerCase(),
      body,
    },
  ];
}

function headerOf(head: string, name: string): string {
  const line = head.split('\r\n').find((one) => one.toLowerCase().startsWith(`${name}:`));
  return line === undefined ? '' : line.slice(name.length + 1).trim();
}

function decode({ body, charset, encoding }: Part): string {
  const bytes =
    encoding === 'base64'
      ? Buffer.from(body, 'base64')
      : Buffer.from(encoding === 'quoted-printable' ? withoutQuotes(body) : body, 'latin1');
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    return bytes.toString('utf8'); // an unknown character set
  }
}

function withoutQuotes(body: string): string {
  return body
    .replace(/=\r\n/g, '')
    .replace(/=([0-9a-f]{2})/gi, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
}
