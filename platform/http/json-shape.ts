// No schema nests half as deep, or has a tenth of the members.
const DEPTH_MAX = 64;
const MEMBERS_MAX = 512;
// A smaller body costs little, whatever its shape.
const UNCHECKED_BYTES = 2_048;

const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const OPENING_ARRAY = 0x5b;
const OPENING_OBJECT = 0x7b;
const CLOSING_ARRAY = 0x5d;
const CLOSING_OBJECT = 0x7d;

/**
 * What is wrong with the shape of a JSON text, undefined where nothing is. Read before the parser
 * does: an object of thousands of members costs it and the validation a hundred times as much as
 * the same bytes of an order.
 */
export function shapeFault(body: Uint8Array): { rule: string; expected: string } | undefined {
  if (body.length <= UNCHECKED_BYTES) return undefined;
  const members = new Uint32Array(DEPTH_MAX + 1);
  let depth = 0;
  for (let at = 0; at < body.length; at++) {
    const byte = body[at] as number;
    if (byte <= SPACE) continue;
    switch (byte) {
      case QUOTE:
        at = endOfString(body, at);
        break;
      case OPENING_ARRAY:
      case OPENING_OBJECT:
        if (depth === DEPTH_MAX) return { rule: 'jsonDepth', expected: String(DEPTH_MAX) };
        members[++depth] = 0;
        break;
      case CLOSING_ARRAY:
      case CLOSING_OBJECT:
        // Below zero it is no JSON, which the parser says.
        depth = Math.max(0, depth - 1);
        break;
      case COLON:
        members[depth] = (members[depth] as number) + 1;
        if ((members[depth] as number) > MEMBERS_MAX) {
          return { rule: 'maxProperties', expected: String(MEMBERS_MAX) };
        }
    }
  }
  return undefined;
}

function endOfString(body: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < body.length && body[at] !== QUOTE) at += body[at] === BACKSLASH ? 2 : 1;
  return at;
}
