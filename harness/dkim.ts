import { createHash, type KeyObject, verify } from 'node:crypto';

/**
 * Verifies the DKIM signature of a message (RFC 6376, rsa-sha256, relaxed/relaxed), with code of its
 * own: what signs must not be what verifies.
 * @returns the signature's tags, and the headers that it covers, in lower case
 * @throws Error without a signature, or with one that is not valid
 */
export function verifyDkim(raw: Buffer, publicKey: KeyObject) {
  const message = raw.toString('latin1');
  const end = message.indexOf('\r\n\r\n');
  const fields = message.slice(0, end).split(/\r\n(?![ \t])/);
  const body = message.slice(end + 4);
  const signature = fields.find((field) => nameOf(field) === 'dkim-signature');
  if (signature === undefined) throw new Error('no DKIM signature');
  const tags = Object.fromEntries(
    relaxed(signature)
      .slice('dkim-signature:'.length)
      .split(';')
      .map((tag) => tag.trim().split(/ ?= ?(.*)/s, 2) as [string, string]),
  );
  const hash = createHash('sha256').update(relaxedBody(body), 'latin1').digest('base64');
  if (hash !== tags.bh) throw new Error('the body is not the signed one');
  const headers = (tags.h ?? '').toLowerCase().split(/ ?: ?/);
  const left = [...fields];
  const lines = headers.flatMap((name) => {
    const at = left.findLastIndex((field) => nameOf(field) === name);
    return at < 0 ? [] : left.splice(at, 1).map(relaxed);
  });
  // The signature signs itself too, without its `b=`.
  const own = relaxed(signature).replace(/; b=[^;]*$/, '; b=');
  const signed = Buffer.from([...lines, own].join('\r\n'), 'latin1');
  const value = Buffer.from((tags.b ?? '').replaceAll(' ', ''), 'base64');
  if (!verify('sha256', signed, publicKey, value)) throw new Error('the signature is not valid');
  return { tags, headers };
}

const nameOf = (field: string) => (field.split(':', 1)[0] ?? '').trim().toLowerCase();

function relaxed(field: string): string {
  const value = field.slice(field.indexOf(':') + 1).replaceAll('\r\n', '');
  return `${nameOf(field)}:${value.replace(/[ \t]+/g, ' ').trim()}`;
}

function relaxedBody(body: string): string {
  const lines = body.split('\r\n').map((line) => line.replace(/[ \t]+/g, ' ').replace(/ $/, ''));
  const text = lines.join('\r\n').replace(/(?:\r\n)+$/, '');
  return text === '' ? '' : `${text}\r\n`;
}
