/** The beginning of patterns of e-mail addresses: all characters are visible ASCII. */
export const ASCII_ONLY = '^(?=[\\x21-\\x7e]*$)';

export interface PatternText {
  ru: string;
  en: string;
}

/** What a text must be that breaks a pattern. A person does not read regular expressions. */
export function patternText(pattern: string): PatternText {
  return TEXTS.find(([isIt]) => isIt(pattern))?.[1](pattern) ?? UNKNOWN_PATTERN;
}

/** For a pattern that the table lacks; test/pattern-texts.test.ts finds each in our contracts. */
export const UNKNOWN_PATTERN: PatternText = {
  ru: 'недопустимый формат',
  en: 'not in the expected format',
};

type Entry = [isIt: (pattern: string) => boolean, text: (pattern: string) => PatternText];

const equal = (pattern: string, ru: string, en: string): Entry => [
  (given) => given === pattern,
  () => ({ ru, en }),
];
const begins = (begin: string, ru: string, en: string): Entry => [
  (given) => given.startsWith(begin),
  () => ({ ru, en }),
];

const VISIBLE_ASCII = /^\^\[\\x21-\\x7e\]\{1,(\d+)\}\$$/;

const TEXTS: Entry[] = [
  begins(
    ASCII_ONLY,
    'нужен один адрес вида anna@example.com; домен не может быть IP-адресом',
    'must be one address such as anna@example.com; its domain cannot be an IP address',
  ),
  // It looks ahead for a character that is not in the set of invisible ones.
  begins(
    '^(?=.*[^',
    'нужна одна строка текста, не пустая',
    'must be one line of text and not blank',
  ),
  begins(
    '^[^\\u0000-\\u001f',
    'нужна одна строка текста без управляющих символов',
    'must be one line of text without control characters',
  ),
  // A header whose value may be a quoted string of RFC 8941.
  begins(
    '^(?:[\\x21-\\x7e]{1,255}|"',
    'нужны от 1 до 255 видимых символов ASCII: как есть или в кавычках, где перед " и \\ стоит \\',
    'must be 1 to 255 visible ASCII characters: bare, or in quotes with \\ before each " and \\',
  ),
  [
    (given) => VISIBLE_ASCII.test(given),
    (given) => {
      const most = VISIBLE_ASCII.exec(given)?.[1] ?? '';
      return {
        ru: `нужны от 1 до ${most} видимых символов ASCII, без пробелов`,
        en: `must be 1 to ${most} visible ASCII characters without spaces`,
      };
    },
  ],
  begins(
    '^https?://',
    'нужна ссылка, которая начинается с http:// или https://',
    'must be a link that begins with http:// or https://',
  ),
  equal(
    '^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$',
    'нужен UUID, например 0197fa3e-5f2c-7c1a-9d51-0a2b3c4d5e6f',
    'must be a UUID such as 0197fa3e-5f2c-7c1a-9d51-0a2b3c4d5e6f',
  ),
  equal(
    '^[A-Z]{3}$',
    'нужен код валюты из трёх заглавных латинских букв, например RUB',
    'must be a currency code of three capital letters such as RUB',
  ),
  equal(
    '^[0-9a-f]{32}$',
    'нужен код трассировки: 32 шестнадцатеричные цифры, буквы строчные',
    'must be a trace id: 32 hexadecimal digits in lower case',
  ),
  equal(
    '^[A-Za-z][A-Za-z0-9_+/-]*$',
    'нужен часовой пояс IANA, например Europe/Moscow',
    'must be an IANA time zone such as Europe/London',
  ),
  equal(
    '^[a-z][a-z-]{0,63}$',
    'нужно название действия из строчных латинских букв и дефисов, например resend-letter',
    'must be an action’s name of lower-case letters and hyphens, such as resend-letter',
  ),
  equal(
    '^[a-z0-9:-]+$',
    'нужен курсор из предыдущего ответа, без изменений',
    'must be the cursor of the answer before, unchanged',
  ),
  equal(
    '^[A-Za-z0-9_-]{43}$',
    'код неполный: откройте ссылку из письма целиком',
    'the code is incomplete: open the whole link of the letter',
  ),
];
