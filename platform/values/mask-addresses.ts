import { describeError } from '../errors.ts';

// Every character but a separator may be part of an address. The look-behind keeps the search
// linear in hostile texts.
const LOCAL_PART = '[^\\s@<>()\\[\\]",:;\\\\]';
const ADDRESS = new RegExp(
  `(?<!${LOCAL_PART})(${LOCAL_PART})${LOCAL_PART}*@(?=[\\p{L}\\p{N}\\[])`,
  'gu',
);

/**
 * Masks every e-mail address in a text, `anna@example.com` as `a***@example.com`: recognisable, but
 * not usable. Mail servers repeat addresses in their answers.
 */
export function maskAddresses(text: string): string {
  return text.replace(ADDRESS, '$1***@');
}

/** The text of an error for the log, which must contain no address. */
export function describeMasked(error: unknown): string {
  return maskAddresses(describeError(error));
}
