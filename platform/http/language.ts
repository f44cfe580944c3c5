import Negotiator from 'negotiator';

export type Language = 'ru' | 'en';

/**
 * The language of texts for this request: Russian when `Accept-Language` is absent, `*` or names
 * no language of ours (docs/reference/api.md).
 */
export function languageOf(acceptLanguage: string | undefined): Language {
  if (acceptLanguage === undefined) return 'ru';
  const negotiator = new Negotiator({ headers: { 'accept-language': acceptLanguage } });
  return (negotiator.language(['ru', 'en']) as Language | undefined) ?? 'ru';
}
