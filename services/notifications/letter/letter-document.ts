import { escapeHtml } from '#platform/values/html.ts';

/**
 * The HTML document around a letter's content, for every kind and version of letters. Its bytes are
 * part of version 1 of the templates and must not change.
 * @param options.kind a class of the card; absent for letters about accounts
 * @param options.content HTML, escaped already, each line ended by LF
 */
export function letterDocument(options: {
  locale: 'ru' | 'en';
  subject: string;
  style: string;
  kind?: string;
  content: string;
}): string {
  const { locale, subject, style, kind, content } = options;
  return `<!doctype html>
<html lang="${locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(subject)}</title>
<style>${style}</style>
</head>
<body style="margin:0;padding:16px;font:16px/1.5 system-ui,sans-serif">
<main class="card${kind === undefined ? '' : ` ${kind}`}" style="max-width:560px;margin:0 auto;padding:24px;border-width:1px;border-style:solid;border-radius:12px">
${content}</main>
</body>
</html>
`;
}
