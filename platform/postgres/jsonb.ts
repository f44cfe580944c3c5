// JSON.stringify escapes U+0000 and halves of surrogate pairs so, and jsonb refuses both.
const REFUSED = /(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g;

/**
 * JSON text that a jsonb column accepts. Characters that PostgreSQL cannot store become U+FFFD, so
 * that one member, which we may not even read, does not make the whole message unstorable.
 */
export function jsonbOf(value: unknown): string {
  return JSON.stringify(value).replace(REFUSED, '$1\ufffd');
}
