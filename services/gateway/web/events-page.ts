import { asyncApi } from '#contracts/documents/asyncapi.ts';
import type { Language } from '#platform/http/language.ts';
import { escapeHtml } from '#platform/values/html.ts';
import { type FramedPage, htmlOf } from './document-frame.ts';
import { memberTexts, pageTexts } from './events-texts.ts';

// The page about the topic, for people who consume it: made from the AsyncAPI document at the start.

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

/** The page in a language, without its frame. */
export function eventsPage(language: Language): FramedPage {
  const texts = pageTexts[language];
  const { channels, components } = asyncApi() as unknown as EventsDocument;
  const { headers, payload, examples } = components.messages.OrderUpdateMessage;
  return {
    title: texts.title,
    content: `<h1>${texts.title}</h1>
${texts.about.map((text) => `<p>${htmlOf(text)}</p>`).join('\n')}
<p>${texts.topic}: <code>${escapeHtml(channels.orders.address)}</code>.
${texts.document}: <a href="/asyncapi.json">AsyncAPI</a></p>
<h2 id="headers">${texts.headers}</h2>
${tableOf(headers, 'headers', language)}
<h2 id="value">${texts.value}</h2>
${tableOf(payload, 'value', language)}
<h2>${texts.examples}</h2>
${examples.map((example) => exampleOf(example, language)).join('\n')}`,
  };
}

/** @param heading id of its heading; a table wider than the window scrolls, by keys too */
function tableOf(
  { properties = {}, required = [] }: Schema,
  heading: string,
  language: Language,
): string {
  const texts = pageTexts[language];
  const rows = Object.entries(properties).map(([name, schema]) => {
    const text = memberTexts[name]?.[language] ?? '';
    const presence = required.includes(name) ? texts.always : texts.sometimes;
    return `<tr><th scope="row"><code>${escapeHtml(name)}</code></th><td>${htmlOf(text)}</td>
<td>${formOf(schema)}</td><td>${presence}</td></tr>`;
  });
  const heads = [texts.name, texts.meaning, texts.form, texts.presence];
  return `<div class="table" role="region" aria-labelledby="${heading}" tabindex="0"><table>
<thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>`;
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
  return `<h3>${escapeHtml(title)}</h3>\n<pre tabindex="0"><code>${escapeHtml(text)}</code></pre>`;
}

const codeOf = (text: string) => `<code>${escapeHtml(text)}</code>`;
