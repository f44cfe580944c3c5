import { BLANK } from '#contracts/patterns.ts';
import type { Profile } from '#contracts/profiles.ts';

/**
 * The contact as letters use it. The name is empty, and the greeting neutral, where the address is
 * not confirmed and where the name holds a link: a stranger must not read a text of the customer's.
 * A name of an earlier release may turn the words around it, or show nothing.
 */
export function greetedContact(contact: Profile, confirmAddresses: boolean): Profile {
  const name = contact.name.replace(/\p{Bidi_Control}/gu, '');
  const neutral = isUnconfirmed(contact, confirmAddresses) || holdsLink(name) || BLANK.test(name);
  return { ...contact, name: neutral ? '' : name };
}

/** Profiles of an older version do not say it: their addresses count as confirmed. */
export function isUnconfirmed(
  { emailConfirmed }: Pick<Profile, 'emailConfirmed'>,
  confirmAddresses: boolean,
): boolean {
  return confirmAddresses && emailConfirmed === false;
}

/**
 * Whether a name holds what a mail program or a person could take for a link, an address or a
 * number to call. Names with initials, titles and quotes hold none.
 */
export function holdsLink(name: string): boolean {
  const text = readable(name);
  return SIGNS.some((sign) => sign.test(text)) || DOTTED.some((dots) => hasDomain(text, dots));
}

// Stops of other scripts, and signs that look like a full stop between letters.
const DOT_LIKE = /[。·•・‧∙⋅●۔܁܂᛫⸱⸳ꓸ꘎𝅭◦˙․॰ᆞᐧ᎐ꞏꓻ꓿𐄁𐩐⦁⚫⚪⬤▪▫■□○⚬◌‣⋯🔴🔵]/gu;
const SLASH_LIKE = /[⁄∕⧸╱]/g;
// Before brackets go: `evil[dot]example`.
const DOT_IN_BRACKETS = /[([{<]\s*(?:dot|точка)\s*[)\]}>]/giu;
const COLON_LIKE = /[ː˸∶꞉։]/g;
const BRACKETS_AND_QUOTES = /[()[\]{}<>"'`«»‹›„“”‘’]/g;

/** The text as a reader sees it: without invisible characters, accents, brackets and forms. */
function readable(name: string): string {
  return name
    .normalize('NFKD')
    .replace(/[\p{Default_Ignorable_Code_Point}\p{M}\p{Cf}]/gu, '')
    .replace(/[\s\u2800\p{Cc}]+/gu, ' ')
    .replace(DOT_IN_BRACKETS, '.')
    .replace(BRACKETS_AND_QUOTES, '')
    .replace(SLASH_LIKE, '/')
    .replace(COLON_LIKE, ':')
    .trim();
}

const SIGNS = [
  /@/,
  // Schemes, also those that are written so that no program sees them.
  /h(?:tt|xx|\*\*)ps?\b|\bwww|\b(?:ftp|mailto|tel|sms|data|javascript):/iu,
  // `host:port`, `scheme://` and IPv6 addresses.
  /[/\\]{2}|[⫽⫻]|:\S/u,
  // A domain in words.
  /[^\s_-]+[\s_-](?:dot|точка)[\s_-][^\s_-]+/iu,
  // A telephone number, or an IP address in digits: more than a house or a year has.
  /(?:\p{Nd}\P{Nd}*){5}/u,
];

// Full stops first; dots of other signs are none within `l·l` and between letters of one script.
const DOTTED = [/\./g, DOT_LIKE];

/** Whether a word goes on after one of these dots, as a domain does. */
function hasDomain(text: string, dots: RegExp): boolean {
  return [...text.matchAll(dots)].some(({ 0: dot, index }) =>
    isDomainDot(text.slice(0, index), text.slice(index + dot.length), dot),
  );
}

const WORD_BEFORE = /[\p{L}\p{N}-]*$/u;
const WORD_AFTER = /^[\p{L}\p{N}-]*/u;
const LATIN_OR_CYRILLIC = /^[\p{Script=Latin}\p{Script=Cyrillic}\p{N}]/u;

function isDomainDot(before: string, after: string, dot: string): boolean {
  const [word = ''] = WORD_BEFORE.exec(before) ?? [];
  const [next = ''] = WORD_AFTER.exec(after) ?? [];
  if (dot !== '.') {
    // An interpunct is a letter's part in Catalan, and divides names in Japanese.
    const catalan = dot === '·' && /l$/iu.test(word) && /^l/iu.test(next);
    const spaced = word === '' && next === '';
    if (catalan || spaced || !LATIN_OR_CYRILLIC.test(after.trimStart())) return dot === '。';
    return true;
  }
  if (next === '') return isSpelledOut(before, word, after);
  // Initials: `J.R.R.`, `J.-P.`, `Ph.D.` No label of a domain begins with a hyphen.
  if (/^(?:\p{L}$|-)/u.test(next)) return false;
  return !isCyrillicInitial(before, next);
}

/** `evil .example` and `evil. example`, but not `Dr. No`, `J. R. Tolkien` and `св. Анна`. */
function isSpelledOut(before: string, word: string, after: string): boolean {
  const [, space = '', next = ''] = /^( ?)([\p{L}\p{N}]*)/u.exec(after) ?? [];
  if (next === '') return false;
  if (before === '' || before.endsWith(' ') || COMMON_TLDS.test(next)) return true;
  return space !== '' && /^\p{Ll}/u.test(next) && [...word].length > 3;
}

// No names of people begin so.
const COMMON_TLDS = /^(?:biz|com|info|net|org|ru|su|xyz|рф)$/iu;

const CYRILLIC_TLDS =
  /^(?:бг|бел|дети|ею|католик|ком|мкд|мон|москва|онлайн|орг|рус|рф|сайт|срб|укр|қаз)$/iu;

/** `А.С.Пушкин`: one letter before the dot, a surname after it. */
function isCyrillicInitial(before: string, next: string): boolean {
  const surname = /^\p{Script=Cyrillic}{3,}$/u.test(next) && !CYRILLIC_TLDS.test(next);
  return surname && /(?:^|[ .])\p{Script=Cyrillic}$/u.test(before);
}
