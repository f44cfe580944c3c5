// A larger block is cut: our letters are far smaller, and the headers of every message are read.
const HEADER_BLOCK_MAX = 64 * 1024;

/** The top header block: lower-case names, unfolded values with RFC 2047 words decoded. */
export function readHeaders(raw: Buffer): { name: string; value: string }[] {
  const end = raw.indexOf('\r\n\r\n');
  const block = raw.subarray(0, Math.min(end < 0 ? raw.length : end, HEADER_BLOCK_MAX));
  return block
    .toString('utf8')
    .replace(/\r\n(?=[ \t])/g, '')
    .split('\r\n')
    .map((line) => ({ line, colon: line.indexOf(':') }))
    .filter(({ colon }) => colon > 0)
    .map(({ line, colon }) => ({
      name: line.slice(0, colon).trim().toLowerCase(),
      value: decodeWords(line.slice(colon + 1).trim()),
    }));
}

/** RFC 2047: white space between two encoded words is not part of the text. */
function decodeWords(text: string): string {
  if (!text.includes('=?')) return text;
  return text
    .replace(/(=\?[^?\s]+\?[bq]\?[^?\s]*\?=)\s+(?==\?[^?\s]+\?[bq]\?)/gi, '$1')
    .replace(/=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bq])\?([^?\s]*)\?=/gi, (word, charset, form, data) => {
      try {
        const bytes = form.toLowerCase() === 'b' ? Buffer.from(data, 'base64') : decodeQ(data);
        return new TextDecoder(charset).decode(bytes);
      } catch {
        return word; // an unknown character set stays as it came
      }
    });
}

function decodeQ(data: string): Buffer {
  const text = data
    .replace(/_/g, ' ')
    .replace(/=([0-9a-f]{2})/gi, (_all, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, 'latin1');
}
