/** Pattern of one dotted part of a local part or a Message-ID (RFC 5322). */
export const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
const LABEL = '[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?';
// The last label starts with a letter, so that an IP address is no domain.
const DOMAIN = `(?:${LABEL}\\.)+[A-Za-z](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?`;
const ADDRESS = new RegExp(`^(${ATOM}(?:\\.${ATOM})*)@${DOMAIN}$`);
const LOCAL_PART_MAX = 64; // RFC 5321 section 4.5.3.1.1
const ADDRESS_MAX = 254; // RFC 5321 errata 1690: a path without its brackets

/**
 * True for one plain ASCII address with a dotted domain. Quoted local parts, comments, groups,
 * lists, address literals and line breaks are refused: each can smuggle in a second recipient or
 * another domain (nodemailer sends `a@x.test\r\nRCPT TO:<evil@e.test>` to `e.test`).
 */
export function isDeliverableAddress(address: string): boolean {
  if (address.length > ADDRESS_MAX) return false;
  const local = ADDRESS.exec(address)?.[1];
  return local !== undefined && local.length <= LOCAL_PART_MAX;
}

/** Splits `address` or `Display name <address>`; undefined when it is neither. */
export function parseSender(from: string): { name: string; address: string } | undefined {
  const named = /^([^<>\r\n]*)<([^<>]*)>$/.exec(from);
  const name = (named?.[1] ?? '').trim().replace(/^"(.*)"$/, '$1');
  const address = named?.[2] ?? from;
  return isDeliverableAddress(address) ? { name, address } : undefined;
}
