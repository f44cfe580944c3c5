import { hash } from 'node:crypto';
import { asyncApi } from '#contracts/documents/asyncapi.ts';
import type { Language } from '#platform/http/language.ts';
import { escapeHtml } from '#platform/values/html.ts';
import { memberTexts, pageTexts } from './events-texts.ts';

// The page about the topic, for people who consume it: made from the AsyncAPI document at the start.

// Colours as in the console (console/styles/base.css), light and dark.
const STYLE = `:root{color-scheme:light dark}
body{margin:0 auto;padding:2rem 1rem;max-width:52rem;font:1rem/1.5 system-ui,sans-serif;
background:light-dark(#f5f6f4,#101615);color:light-dark(#17211f,#e8eeec)}
a{color:light-dark(#0f6b6b,#5cc7c0)}
nav{display:flex;flex-wrap:wrap;gap:1rem}nav :last-child{margin-left:auto}
table{width:100%;border-collapse:collapse}
th,td{padding:.5rem .75rem .5rem 0;text-align:left;vertical-align:top;
border-bottom:1px solid light-dark(#d8dedb,#2b3634)}
code{overflow-wrap:anywhere}
pre{padding:1rem;overflow-x:auto;background:light-dark(#e9edeb,#1a2321)}`;

export const EVENTS_PAGE_HEADERS = {
  'content-security-policy':
    `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; ` +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  vary: 'Accept-Language',
};

interface Schema {
  type?: string | string[];
  const?: string;
  format?: string;
  enum?: (string | null)[];
  required?: string[];
  properties?: Record<string, Schema>;
}

interface Example {
  name: string;
  headers: Record<string, string>;
  payload: object;
}

interface Message {
  headers: Schema;
  payload: Schema;
  examples: Example[];
}

interface EventsDocument {
  channels: { orders: { address: string } };
  components: { messages: { OrderUpdateMessage: Message } };
}

/** The page in a language, as HTML. */
export function eventsPage(language: Language): string {
  const texts = pageTexts[language];
  const { channels, components } = asyncApi() as unknown as EventsDocument;
  const { headers, payload, examples } = components.messages.OrderUpdateMessage;
  const [other, otherName] = texts.other;
  return `<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${texts.title} – Orderbell</title>
<style>${STYLE}</style>
</head>
<body>
<nav><a href="/docs">${texts.api}</a>
<a href="/asyncapi.json">AsyncAPI</a>
<a href="?lang=${other}" lang="${other}" hreflang="${other}">${otherName}</a></nav>
<main>
<h1>${texts.title}</h1>
${texts.about.map((text) => `<p>${html(text)}</p>`).join('\n')}
<p>${texts.topic}: <code>${escapeHtml(channels.orders.address)}</code></p>
<h2>${texts.headers}</h2>
${tableOf(headers, language)}
<h2>${texts.value}</h2>
${tableOf(payload, language)}
<h2>${texts.examples}</h2>
${examples.map((example) => exampleOf(example, language)).join('\n')}
</main>
</body>
</html>
`;
}

function tableOf({ properties = {}, required = [] }: Schema, language: Language): string {
  const texts = pageTexts[language];
  const rows = Object.entries(properties).map(([name, schema]) => {
    const text = memberTexts[name]?.[language] ?? '';
    const presence = required.includes(name) ? texts.always : texts.sometimes;
    return `<tr><th scope="row"><code>${escapeHtml(name)}</code></th><td>${html(text)}</td>
<td>${formOf(schema)}</td><td>${presence}</td></tr>`;
  });
  const heads = [texts.name, texts.meaning, texts.form, texts.presence];
  return `<table>
<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table>`;
}

/** What a value looks like: the words it may be, its format, or its type. */
function formOf({ type, const: only, enum: words, format }: Schema): string {
  if (only !== undefined) return codeOf(only);
  if (words !== undefined) return words.map((word) => codeOf(String(word))).join(', ');
  const types = Array.isArray(type) ? type : [type ?? ''];
  return [format ?? types[0] ?? '', ...types.slice(1)].map(codeOf).join(', ');
}

function exampleOf({ name, headers, payload }: Example, language: Language): string {
  const lines = Object.entries(headers).map(([key, value]) => `${key}: ${value}`);
  const text = `${lines.join('\n')}\n\n${JSON.stringify(payload, null, 2)}`;
  const title = pageTexts[language].exampleTitles[name] ?? name;
  return `<h3>${escapeHtml(title)}</h3>\n<pre><code>${escapeHtml(text)}</code></pre>`;
}

const codeOf = (text: string) => `<code>${escapeHtml(text)}</code>`;

/** A text of ours; words in backticks are code. */
const html = (text: string) => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>');
