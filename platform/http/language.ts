import Negotiator from 'negotiator';

export type Language = 'ru' | 'en';

/**
 * The language of a request's texts: Russian when `Accept-Language` is absent, is `*`, or names
 * none of our languages (docs/reference/api.md).
 */
export function languageOf(acceptLanguage: string | undefined): Language {
  if (acceptLanguage === undefined) return 'ru';
  const negotiator = new Negotiator({ headers: { 'accept-language': acceptLanguage } });
  return (negotiator.language(['ru', 'en']) as Language | undefined) ?? 'ru';
}
