// The one rule for e-mail addresses. Browsers load this module too, so it imports nothing.

/** Pattern of one dotted part of a local part or a Message-ID (RFC 5322). */
export const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\-]+";
const LABEL = '[A-Za-z0-9]([A-Za-z0-9\\-]{0,61}[A-Za-z0-9])?';
// RFC 5321 section 4.5.3.1.1. The first look-ahead marks patterns of texts in ASCII, for the error.
const LOCAL_PART = `^(?=[\\x21-\\x7e]*$)(?=[^@]{1,64}@)${ATOM}(\\.${ATOM})*`;

/** RFC 5321 errata 1690: a path without its brackets. */
export const MAIL_ADDRESS_MAX = 254;

/**
 * A new address: the plain ASCII form of a mailbox (RFC 5321) without quoting and comments. The last
 * label begins with a letter, so that no IP address is a domain, and has two characters.
 */
export const MAIL_ADDRESS = `${LOCAL_PART}@(${LABEL}\\.)+[A-Za-z][A-Za-z0-9\\-]{0,61}[A-Za-z0-9]$`;

/** An address that exists: former versions took any last label. */
export const KNOWN_MAIL_ADDRESS = `${LOCAL_PART}@(${LABEL}\\.)+${LABEL}$`;

const NEW = new RegExp(MAIL_ADDRESS, 'u');
const KNOWN = new RegExp(KNOWN_MAIL_ADDRESS, 'u');
const IN_A_LETTERED_DOMAIN = /[.@][A-Za-z][^.@]*$/;
const BEYOND_ASCII = /[\u0080-\uffff]/;

/** Whether an address may be entered: `MAIL_ADDRESS` within its length. */
export function isMailAddress(address: string): boolean {
  return address.length <= MAIL_ADDRESS_MAX && NEW.test(address);
}

/**
 * True for one plain ASCII address that a mail server can be given: also one of a former version,
 * if its domain is no IP address. Quoted local parts, comments, groups, lists, address literals and
 * line breaks are refused: each can smuggle in a second recipient or another domain (nodemailer
 * sends `a@x.test\r\nRCPT TO:<evil@e.test>` to `e.test`).
 */
export function isDeliverableAddress(address: string): boolean {
  return (
    address.length <= MAIL_ADDRESS_MAX && KNOWN.test(address) && IN_A_LETTERED_DOMAIN.test(address)
  );
}

/** Splits `address` or `Display name <address>`; undefined when it is neither. */
export function parseSender(from: string): { name: string; address: string } | undefined {
  const named = /^([^<>\r\n]*)<([^<>]*)>$/.exec(from);
  const name = (named?.[1] ?? '').trim().replace(/^"(.*)"$/, '$1');
  const address = named?.[2] ?? from;
  return isMailAddress(address) ? { name, address } : undefined;
}

const ONLY_ASCII =
  'must be an address in ASCII: other characters are not supported, a domain may be written as xn--…';

/** The fault of a setting that is one address. */
export function mailAddressFault(text: string): string | null {
  if (isMailAddress(text)) return null;
  return BEYOND_ASCII.test(text)
    ? ONLY_ASCII
    : 'must be an address with a dotted domain that is no IP address';
}

/** The fault of a setting that is a sender of letters. */
export function mailSenderFault(text: string): string | null {
  if (parseSender(text) !== undefined) return null;
  const [, address = text] = /<([^<>]*)>$/.exec(text) ?? [];
  return BEYOND_ASCII.test(address)
    ? ONLY_ASCII
    : 'must be an address, or a name and an <address>, with a dotted domain that is no IP address';
}

/** The fault of a setting that is a domain of addresses. */
export function mailDomainFault(text: string): string | null {
  return isMailAddress(`x@${text}`) ? null : 'must be a dotted domain';
}

/** The fault of a setting that is a DKIM selector (RFC 6376 section 3.1). */
export function dkimSelectorFault(text: string): string | null {
  const fault = 'must be letters, digits, hyphens and dots';
  return isMailAddress(`x@${text}.example`) ? null : fault;
}
