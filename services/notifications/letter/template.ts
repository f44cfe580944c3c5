import { escapeHtml } from '#platform/values/html.ts';
import { ENGLISH_MOMENT, formatMoment, formatMoney, plainLine, RUSSIAN_MOMENT } from './format.ts';
import { letterDocument } from './letter-document.ts';
import type { LetterFacts, RenderedLetter } from './letter-facts.ts';
import { renderVersion2 } from './template-2.ts';

export type { LetterFacts, RenderedLetter };

/** Renders the letters of one template version. Pure: the same facts give the same bytes. */
export type Template = (facts: LetterFacts) => RenderedLetter;

export type Templates = Readonly<Record<number, Template>>;

/**
 * The built-in versions that a stored letter may have. A change of wording or layout is a new entry.
 * The setting LETTER_TEMPLATE names it when every replica has it.
 */
export const TEMPLATES: Templates = { 1: renderVersion1, 2: renderVersion2 };

/** The version of new letters where LETTER_TEMPLATE is not set: release 0.1.0 knows it too. */
export const TEMPLATE_DEFAULT = 1;
/** The first version that shows items, local time and links. */
export const TEMPLATE_WITH_DETAILS = 2;
/** Versions of a folder of own templates begin here. */
export const OWN_TEMPLATES_FROM = 1_000;

/** A letter has a version that this replica does not have. */
export class UnknownTemplateError extends RangeError {
  override readonly name = 'UnknownTemplateError';

  constructor(version: number) {
    const isOwn = version >= OWN_TEMPLATES_FROM;
    super(
      `there is no letter template ${version}` +
        (isOwn ? `: put the folder ${version} back into LETTER_TEMPLATES` : ''),
    );
  }
}

/**
 * Renders a letter as its version words it, so that a re-send and a past letter never change.
 * @throws UnknownTemplateError
 * @throws RangeError for a malformed moment
 */
export function renderLetter(
  facts: LetterFacts,
  version: number,
  templates = TEMPLATES,
): RenderedLetter {
  const template = templates[version];
  if (template === undefined) throw new UnknownTemplateError(version);
  return template(facts);
}

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

function renderVersion1(facts: LetterFacts): RenderedLetter {
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
  const content = `<h1 style="margin:0 0 16px;font-size:24px;line-height:1.25">${escapeHtml(wording.headline)}</h1>
<p style="margin:0 0 12px">${greeting}</p>
<p style="margin:0 0 12px">${escapeHtml(wording.lead)}</p>
<table style="border-collapse:collapse;margin:0 0 12px">
${rows.join('\n')}
</table>
<p style="margin:0 0 16px">${escapeHtml(wording.closing)}</p>
<p class="footer" style="margin:0;font-size:13px">${escapeHtml(wording.footer)}</p>
`;
  return letterDocument({
    locale: facts.locale,
    subject: wording.subject,
    style: STYLE,
    kind: facts.kind,
    content,
  });
}
