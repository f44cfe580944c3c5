import { moneyFormat } from '#contracts/currency.ts';
import { escapeHtml } from '#platform/values/html.ts';

/** A happy letter tells that an order is paid, a grief letter that it was cancelled. */
export type LetterKind = 'happiness' | 'grief';

export interface LetterFacts {
  kind: LetterKind;
  locale: 'ru' | 'en';
  /** The customer's name as the profile has it; may be empty. */
  name: string;
  orderId: string;
  /** `amount` is in minor units and a safe integer. */
  total: { amount: number; currency: string };
  /** Why the order was cancelled; null for a paid one. */
  reason: 'insufficient-funds' | 'voided' | null;
  /** When the order was decided, RFC 3339. */
  occurredAt: string;
}

export interface RenderedLetter {
  subject: string;
  /** Plain text, lines ended by LF. */
  text: string;
  /** One self-contained HTML document that says the same. */
  html: string;
}

/** Kept with each letter, so that a resend after a change of wording can be told from the first. */
export const TEMPLATE_VERSION = 1;

/** The wording of one letter. Both forms are made from it, so they say the same. */
interface Wording {
  subject: string;
  headline: string;
  greeting: (name: string) => string;
  /** The greeting when nothing of the name is left. */
  greetingNoName: string;
  lead: string;
  details: [label: string, value: string][];
  closing: string;
  footer: string;
}

/**
 * Renders a letter. Pure: the same facts give the same bytes (with the same ICU data).
 * @throws RangeError for a malformed date; the event's schema refuses it earlier
 */
export function renderLetter(facts: LetterFacts): RenderedLetter {
  const clean = { ...facts, name: plainLine(facts.name), orderId: plainLine(facts.orderId) };
  const wording = facts.locale === 'en' ? englishWording(clean) : russianWording(clean);
  return {
    subject: wording.subject,
    text: renderText(wording, clean.name),
    html: renderHtml(wording, clean),
  };
}

function russianWording(facts: LetterFacts): Wording {
  const paid = facts.kind === 'happiness';
  const title = paid ? 'Письмо счастья' : 'Письмо горя';
  return {
    subject: `${title}: заказ ${facts.orderId} ${paid ? 'оплачен' : 'отменён'}`,
    headline: title,
    greeting: (name) => `Здравствуйте, ${name}!`,
    greetingNoName: 'Здравствуйте!',
    ...russianBody(facts),
    details: [
      ['Заказ', facts.orderId],
      ['Сумма', formatMoney('ru-RU', facts.total)],
      [paid ? 'Оплачен' : 'Отменён', formatMoment(RUSSIAN_MOMENT, facts.occurredAt)],
    ],
    footer: 'Письмо отправлено автоматически, отвечать на него не нужно.',
  };
}

function russianBody({ kind, reason }: LetterFacts): Pick<Wording, 'lead' | 'closing'> {
  if (kind === 'happiness') {
    return {
      lead: 'Хорошая новость: ваш заказ оплачен. Сумма списана с вашего кошелька.',
      closing: 'Больше ничего делать не нужно. Спасибо, что вы с нами!',
    };
  }
  if (reason === 'insufficient-funds') {
    return {
      lead: 'К сожалению, оплатить заказ не получилось: на кошельке недостаточно средств. Мы отменили заказ, деньги не списаны.',
      closing: 'Пополните кошелёк и оформите заказ ещё раз. Мы будем рады его принять.',
    };
  }
  if (reason === 'voided') {
    return {
      lead: 'К сожалению, ваш заказ не удалось завершить вовремя, и мы его отменили. Деньги не списаны.',
      closing:
        'Если он вам ещё нужен, просто оформите его снова. Если вы передумали, ничего делать не нужно.',
    };
  }
  return {
    lead: 'К сожалению, ваш заказ отменён. Деньги не списаны.',
    closing: 'Если он вам ещё нужен, просто оформите его снова.',
  };
}

function englishWording(facts: LetterFacts): Wording {
  const paid = facts.kind === 'happiness';
  const title = paid ? 'Letter of happiness' : 'Letter of grief';
  return {
    subject: `${title}: order ${facts.orderId} is ${paid ? 'paid' : 'cancelled'}`,
    headline: title,
    greeting: (name) => `Hello, ${name}!`,
    greetingNoName: 'Hello!',
    ...englishBody(facts),
    details: [
      ['Order', facts.orderId],
      ['Total', formatMoney('en-US', facts.total)],
      [paid ? 'Paid' : 'Cancelled', formatMoment(ENGLISH_MOMENT, facts.occurredAt)],
    ],
    footer: 'This letter was sent automatically; there is no need to reply.',
  };
}

function englishBody({ kind, reason }: LetterFacts): Pick<Wording, 'lead' | 'closing'> {
  if (kind === 'happiness') {
    return {
      lead: 'Good news: your order is paid. The total was taken from your wallet.',
      closing: 'There is nothing more you need to do. Thank you for being with us!',
    };
  }
  if (reason === 'insufficient-funds') {
    return {
      lead: 'Unfortunately, your order could not be paid: there are insufficient funds in your wallet. We cancelled the order and nothing was charged.',
      closing: 'Please top up your wallet and order again. We will be glad to have your order.',
    };
  }
  if (reason === 'voided') {
    return {
      lead: 'Unfortunately, your order could not be completed in time, so we cancelled it. Nothing was charged.',
      closing:
        'If you still want it, simply order again. If you changed your mind, there is nothing you need to do.',
    };
  }
  return {
    lead: 'Unfortunately, your order was cancelled. Nothing was charged.',
    closing: 'If you still want it, simply order again.',
  };
}

function renderText(wording: Wording, name: string): string {
  return [
    wording.headline,
    '',
    name === '' ? wording.greetingNoName : wording.greeting(name),
    '',
    wording.lead,
    '',
    ...wording.details.map(([label, value]) => `${label}: ${value}`),
    '',
    wording.closing,
    '',
    // The signature mark of RFC 3676, which mail programs show dimmed.
    '-- ',
    wording.footer,
    '',
  ].join('\n');
}

// Colours are in a style element because only there a media query can answer a dark theme; the
// layout is inline because some programs drop the element.
const STYLE = `:root{color-scheme:light dark}
body{background:#f4f5f7;color:#1c2330}.card{background:#fff;border-color:#dfe3ea}
.label,.footer{color:#5b6576}.happiness h1{color:#12703f}.grief h1{color:#8a4412}
@media (prefers-color-scheme:dark){body{background:#12161d;color:#e6eaf1}
.card{background:#1b212b;border-color:#313a48}.label,.footer{color:#9aa5b6}
.happiness h1{color:#6ed19f}.grief h1{color:#eaa877}}`;

function renderHtml(wording: Wording, facts: LetterFacts): string {
  const greeting =
    facts.name === ''
      ? escapeHtml(wording.greetingNoName)
      : wording.greeting(`<bdi>${escapeHtml(facts.name)}</bdi>`);
  const rows = wording.details.map(
    ([label, value]) =>
      `<tr><th class="label" scope="row" style="text-align:left;font-weight:normal;padding:4px 16px 4px 0;vertical-align:top">${escapeHtml(label)}</th>` +
      `<td style="padding:4px 0;overflow-wrap:anywhere">${escapeHtml(value)}</td></tr>`,
  );
  return `<!doctype html>
<html lang="${facts.locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(wording.subject)}</title>
<style>${STYLE}</style>
</head>
<body style="margin:0;padding:16px;font:16px/1.5 system-ui,sans-serif">
<main class="card ${facts.kind}" style="max-width:560px;margin:0 auto;padding:24px;border-width:1px;border-style:solid;border-radius:12px">
<h1 style="margin:0 0 16px;font-size:24px;line-height:1.25">${escapeHtml(wording.headline)}</h1>
<p style="margin:0 0 12px">${greeting}</p>
<p style="margin:0 0 12px">${escapeHtml(wording.lead)}</p>
<table style="border-collapse:collapse;margin:0 0 12px">
${rows.join('\n')}
</table>
<p style="margin:0 0 16px">${escapeHtml(wording.closing)}</p>
<p class="footer" style="margin:0;font-size:13px">${escapeHtml(wording.footer)}</p>
</main>
</body>
</html>
`;
}

// A memo of a pure function, not state: making a format costs more than the rest of a letter.
// One currency per deployment is usual; the limit is for a topic that names many.
const moneyFormats = new Map<string, ReturnType<typeof moneyFormat>>();
const MONEY_FORMATS_MAX = 100;

function formatMoney(locale: string, { amount, currency }: LetterFacts['total']): string {
  const key = `${locale} ${currency}`;
  let format = moneyFormats.get(key);
  if (format === undefined) {
    format = moneyFormat(locale, currency);
    if (moneyFormats.size < MONEY_FORMATS_MAX) moneyFormats.set(key, format);
  }
  return format(amount);
}

// Built once: making one costs 170 µs, three times the rest of a letter. In UTC, and said so,
// because the customer's time zone is not known here.
const MOMENT_OPTIONS = { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' } as const;
const RUSSIAN_MOMENT = momentFormat(new Intl.DateTimeFormat('ru-RU', MOMENT_OPTIONS));
const ENGLISH_MOMENT = momentFormat(new Intl.DateTimeFormat('en-GB', MOMENT_OPTIONS));

interface MomentFormat {
  format: Intl.DateTimeFormat;
  /** A memo of a pure function: letters that are sent together were mostly decided together. */
  last: { minute: number; text: string };
}

function momentFormat(format: Intl.DateTimeFormat): MomentFormat {
  return { format, last: { minute: Number.NaN, text: '' } };
}

/** To the minute, as both forms show it. */
function formatMoment(moments: MomentFormat, moment: string): string {
  const date = new Date(moment);
  const minute = Math.floor(date.getTime() / 60_000);
  if (minute !== moments.last.minute) {
    moments.last = { minute, text: `${moments.format.format(date)} (UTC)` };
  }
  return moments.last.text;
}

// Line breaks and other controls could start a header or a line of their own; bidi controls could
// turn the rest of the letter around.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const BREAKS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g;
const BIDI_CONTROLS = /[\u202a-\u202e\u2066-\u2069]/g;

/** A value as one line of visible text. */
function plainLine(value: string): string {
  return value
    .toWellFormed()
    .replace(BIDI_CONTROLS, '')
    .replace(BREAKS, ' ')
    .replace(/ {2,}/g, ' ')
    .trim();
}
