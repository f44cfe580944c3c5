import { escapeHtml } from '#platform/values/html.ts';
import { letterDocument } from './letter-document.ts';
import type { LetterFacts, RenderedLetter } from './letter-facts.ts';
import { type LetterValues, letterValuesOf } from './letter-values.ts';
import { type LetterWording, wordingOf } from './template-2-wording.ts';

/** Version 2: items, local time, a short number and links. */
export function renderVersion2(facts: LetterFacts): RenderedLetter {
  const values = letterValuesOf(facts);
  const wording = wordingOf(facts, values);
  return {
    subject: wording.subject,
    text: textOf(wording, values),
    html: htmlOf(wording, values, facts),
  };
}

function greetingOf({ greeting, greetingNoName }: LetterWording, name: string): string {
  return name === '' ? greetingNoName : greeting(name);
}

function textOf(wording: LetterWording, values: LetterValues): string {
  const lines = [wording.headline, '', greetingOf(wording, values.name), '', wording.lead, ''];
  for (const [label, value] of wording.details) lines.push(`${label}: ${value}`);
  lines.push('');
  for (const { name, quantity, price, sum } of values.items) {
    lines.push(`- ${name}: ${quantity} × ${price} = ${sum}`);
  }
  if (values.more > 0) lines.push(wording.more(values.more));
  lines.push(`${wording.totalLabel}: ${values.total}`, '', wording.closing, '');
  for (const { label, url } of wording.links) lines.push(`${label}: ${url}`);
  if (wording.links.length > 0) lines.push('');
  // The signature mark of RFC 3676, which mail programs show dimmed.
  lines.push('-- ', wording.footer, '');
  return lines.join('\n');
}

// Colours are in a style element because only there a media query can answer a dark theme; the
// layout is inline because some programs drop the element.
const STYLE = `:root{color-scheme:light dark}
body{background:#f4f5f7;color:#1c2330}.card{background:#fff;border-color:#dfe3ea}
.label,.footer{color:#5b6576}.happiness h1{color:#12703f}.grief h1{color:#8a4412}
a{color:#1f57c3}.name{font-weight:normal;overflow-wrap:anywhere}.button{background:#1f57c3;color:#fff}.line{border-color:#dfe3ea}
@media (prefers-color-scheme:dark){body{background:#12161d;color:#e6eaf1}
.card{background:#1b212b;border-color:#313a48}.label,.footer{color:#9aa5b6}
.happiness h1{color:#6ed19f}.grief h1{color:#eaa877}
a{color:#8ab4f8}.button{background:#8ab4f8;color:#12161d}.line{border-color:#313a48}}`;

const CELL = 'padding:4px 0;vertical-align:top';
const HEAD = 'text-align:left;font-weight:normal;padding:4px 16px 4px 0;vertical-align:top';
const TOTAL_LINE = 'border-top-width:1px;border-top-style:solid';

function htmlOf(wording: LetterWording, values: LetterValues, facts: LetterFacts): string {
  const greeting =
    values.name === ''
      ? wording.greetingNoName
      : wording.greeting(`<bdi>${escapeHtml(values.name)}</bdi>`);
  const details = wording.details.map(
    ([label, value]) =>
      `<tr><th class="label" scope="row" style="${HEAD}">${label}</th>` +
      `<td style="${CELL};overflow-wrap:anywhere">${escapeHtml(value)}</td></tr>\n`,
  );
  const content = `<h1 style="margin:0 0 16px;font-size:24px;line-height:1.25">${wording.headline}</h1>
<p style="margin:0 0 12px">${greeting}</p>
<p style="margin:0 0 12px">${wording.lead}</p>
<table style="border-collapse:collapse;margin:0 0 12px">
${details.join('')}</table>
${itemsOf(wording, values)}<p style="margin:0 0 16px">${wording.closing}</p>
${linksOf(wording)}<p class="footer" style="margin:0;font-size:13px">${wording.footer}</p>
`;
  return letterDocument({
    locale: facts.locale,
    subject: wording.subject,
    style: STYLE,
    kind: facts.kind,
    content,
  });
}

/** The items with their total. Attributes take fewer bytes than styles, and each item repeats them. */
function itemsOf(wording: LetterWording, { items, more, total }: LetterValues): string {
  let rows = '';
  for (const { name, quantity, price, sum } of items) {
    rows +=
      `<tr valign="top"><th scope="row" align="left" class="name"><bdi>${escapeHtml(name)}</bdi></th>` +
      `<td align="right" class="label">${quantity} ×\u00a0${escapeHtml(price)}</td>` +
      `<td align="right">${escapeHtml(sum)}</td></tr>\n`;
  }
  if (more > 0) rows += `<tr><td class="label" colspan="3">${wording.more(more)}</td></tr>\n`;
  return `<table cellpadding="4" width="100%" style="border-collapse:collapse;margin:0 0 12px">
${rows}<tr><th class="line" scope="row" colspan="2" align="left" style="${TOTAL_LINE}">${wording.totalLabel}</th><td class="line" align="right" style="font-weight:bold;${TOTAL_LINE}">${escapeHtml(total)}</td></tr>
</table>
`;
}

/** The first link is the one that most readers need. */
function linksOf({ links }: LetterWording): string {
  return links
    .map(({ label, url }, index) => {
      const look =
        index === 0
          ? ' class="button" style="display:inline-block;padding:8px 16px;border-radius:8px;text-decoration:none"'
          : '';
      return `<p style="margin:0 0 16px"><a href="${escapeHtml(url)}"${look}>${label}</a></p>\n`;
    })
    .join('');
}
