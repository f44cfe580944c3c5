import { generate } from 'selfsigned';

/** A certificate and its private key, in PEM. */
export interface Certificate {
  private: string;
  cert: string;
}

interface CertificateOptions {
  /** The common name; the host when absent. */
  name?: string;
  /** Signs it; an authority signs itself when absent. */
  ca?: Certificate;
  /** When its year ends; a year from now when absent. */
  until?: Date;
}

const YEAR_MS = 365 * 24 * 3_600_000;

/** Makes a certificate for one host only, an address (IPv4) or a name. */
export function createCertificate(
  host: string,
  { name = host, ca, until }: CertificateOptions = {},
): Promise<Certificate> {
  const altName = /^[\d.]+$/.test(host) ? { type: 7, ip: host } : { type: 2, value: host };
  return generate([{ name: 'commonName', value: name }], {
    algorithm: 'sha256',
    keyType: 'ec',
    ...(until && { notBeforeDate: new Date(+until - YEAR_MS), notAfterDate: until }),
    ...(ca && { ca: { key: ca.private, cert: ca.cert } }),
    extensions: [
      { name: 'basicConstraints', cA: ca === undefined, critical: true },
      { name: 'subjectAltName', altNames: [altName as { type: 2; value: string }] },
    ],
  });
}
