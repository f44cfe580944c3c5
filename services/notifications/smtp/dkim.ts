import { createPrivateKey } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import DKIM from 'nodemailer/lib/dkim';

export interface DkimSettings {
  /** `d=`: the domain that signs. */
  domain: string;
  /** `s=`: the key is in DNS at `<selector>._domainkey.<domain>`. */
  selector: string;
  /** RSA, PEM. */
  privateKey: string;
}

// RFC 8058 demands both headers of List-Unsubscribe; nodemailer's own list has one of them.
const SIGNED_HEADERS = [
  ...['From', 'To', 'Reply-To', 'Subject', 'Date', 'Message-ID', 'Auto-Submitted'],
  ...['Content-Language', 'List-Unsubscribe', 'List-Unsubscribe-Post', 'MIME-Version'],
  'Content-Type',
].join(':');

/**
 * Signs messages (RFC 6376, rsa-sha256, relaxed/relaxed). Without a time in the signature, the same
 * message gets the same bytes.
 * @throws Error for a malformed key
 */
export function createDkimSigner(settings: DkimSettings): (message: Buffer) => Promise<Buffer> {
  // nodemailer sends a message without a signature when its key fails.
  createPrivateKey(settings.privateKey);
  const dkim = new DKIM({
    domainName: settings.domain,
    keySelector: settings.selector,
    privateKey: settings.privateKey,
    headerFieldNames: SIGNED_HEADERS,
  });
  return async (message) => {
    const signed = await buffer(dkim.sign(message));
    if (!signed.subarray(0, 15).equals(HEADER)) throw new Error('the letter could not be signed');
    return signed;
  };
}

const HEADER = Buffer.from('DKIM-Signature:');
