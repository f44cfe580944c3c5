// Google reads no dots there, and both domains are one.
const WITHOUT_DOTS = ['gmail.com', 'googlemail.com'];

/**
 * The mailbox that an address most probably reaches, in lower case: without a subaddress (RFC 5233),
 * as all of `anna+1@`, `anna+2@` are one person's. Only for counting: letters go to the address.
 */
export function mailboxOf(email: string): string {
  const lowered = email.toLowerCase();
  const at = lowered.lastIndexOf('@');
  const domain = lowered.slice(at + 1);
  const local = lowered.slice(0, at).replace(/(?<=.)\+.*$/, '');
  if (!WITHOUT_DOTS.includes(domain)) return `${local}@${domain}`;
  return `${local.replaceAll('.', '')}@gmail.com`;
}
