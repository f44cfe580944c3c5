import { escapeHtml } from '#platform/html.ts';
import type { MailPage, MailSummary } from './mailbox-store.ts';

/**
 * For every page: no script runs, nothing is fetched. The frame with the letter inherits it, so a
 * letter's remote images and links to styles stay dead too.
 */
export const PAGE_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "frame-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'self'",
].join('; ');

const STYLE = `:root{color-scheme:light dark;--ink:#1c2330;--dim:#5b6576;--paper:#f4f5f7;--card:#fff;--line:#dfe3ea;--link:#1f57b8}
@media (prefers-color-scheme:dark){:root{--ink:#e6eaf1;--dim:#9aa5b6;--paper:#12161d;--card:#1b212b;--line:#313a48;--link:#8db8ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
a{color:var(--link)}
h1{margin:.25rem 0 1rem;font-size:1.4rem;line-height:1.25;overflow-wrap:anywhere}
h2{margin:1.25rem 0 .5rem;font-size:1rem;color:var(--dim)}
form{display:flex;gap:.5rem;margin:0 0 1rem}
input,button{min-width:0;padding:.5rem .75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card);color:inherit;font:inherit}
input{flex:1}
ul{margin:0;padding:0;list-style:none}
li a{display:block;margin:0 0 .5rem;padding:.6rem .8rem;border:1px solid var(--line);border-radius:.6rem;background:var(--card);color:inherit;text-decoration:none}
li a:hover,li a:focus-visible{border-color:var(--link)}
li b{display:block;overflow-wrap:anywhere}
.dim{color:var(--dim);font-size:.875rem;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.25rem 1rem;margin:0}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
pre{margin:0;padding:.8rem;border:1px solid var(--line);border-radius:.6rem;background:var(--card);white-space:pre-wrap;overflow-wrap:anywhere;font:.9rem/1.5 ui-monospace,monospace}
iframe{display:block;width:100%;height:34rem;border:1px solid var(--line);border-radius:.6rem;background:var(--card)}`;

/** The list page; `search` is what the reader had typed. */
export function renderListPage(page: MailPage, search: string): string {
  const items = page.data.map(
    (mail) =>
      `<li><a href="/mailbox/${mail.id}"><b>${bdi(mail.subject || '—')}</b>` +
      `<span class="dim">${bdi(mail.to)} · ${time(mail.receivedAt)}</span></a></li>`,
  );
  const query = new URLSearchParams({
    ...(search !== '' && { search }),
    before: String(page.next),
  });
  return renderPage(
    'Почта · Mailbox',
    `<h1>Почта · Mailbox</h1>
<form action="/mailbox" role="search">
<input type="search" name="search" value="${escapeHtml(search)}" maxlength="200" aria-label="Кому или тема · To or subject" placeholder="Кому или тема · To or subject">
<button>Найти · Search</button>
</form>
${items.length === 0 ? '<p class="dim">Писем нет · No letters</p>' : `<ul>\n${items.join('\n')}\n</ul>`}
${page.next === null ? '' : `<p><a href="/mailbox?${escapeHtml(query.toString())}" rel="next">Раньше · Older</a></p>`}`,
  );
}

/** One message with all its parts. */
export interface MailDetails extends MailSummary {
  text: string | null;
  html: string | null;
  headers: { name: string; value: string }[];
}

/** The page of one message. Its HTML part is shown in a frame that may do nothing. */
export function renderMessagePage(mail: MailDetails): string {
  const envelope: [string, string][] = [
    ['От · From', mail.from],
    ['Кому · To', mail.to],
    ['Message-ID', mail.messageId],
  ];
  const headers = mail.headers.map(({ name, value }) => `${name}: ${value}`).join('\n');
  const frame = `<iframe sandbox title="HTML" referrerpolicy="no-referrer" srcdoc="${escapeHtml(mail.html ?? '')}"></iframe>`;
  return renderPage(
    mail.subject,
    `<p><a href="/mailbox">← Почта · Mailbox</a></p>
<h1>${bdi(mail.subject || '—')}</h1>
<dl>
${envelope.map(([label, value]) => `<dt>${label}</dt><dd>${bdi(value)}</dd>`).join('\n')}
<dt>Получено · Received</dt><dd>${time(mail.receivedAt)}</dd>
<dt>Размер · Size</dt><dd>${mail.size} B · <a href="/mailbox/${mail.id}/source">исходник · source</a></dd>
</dl>
${mail.html === null ? '' : `<h2>HTML</h2>\n${frame}`}
${mail.text === null ? '' : `<h2>Текст · Text</h2>\n<pre dir="auto">${escapeHtml(mail.text)}</pre>`}
<h2>Заголовки · Headers</h2>
<pre>${escapeHtml(headers)}</pre>`,
  );
}

function renderPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="ru">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
}

const time = (moment: string) =>
  `<time datetime="${escapeHtml(moment)}">${escapeHtml(moment.replace('T', ' ').replace(/\.\d+Z$/, ' UTC'))}</time>`;

const bdi = (value: string) => `<bdi>${escapeHtml(value)}</bdi>`;
