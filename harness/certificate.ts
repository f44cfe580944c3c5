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
}

/** Makes a certificate for one host only, an address (IPv4) or a name. */
export function createCertificate(
  host: string,
  { name = host, ca }: CertificateOptions = {},
): Promise<Certificate> {
  const altName = /^[\d.]+$/.test(host) ? { type: 7, ip: host } : { type: 2, value: host };
  return generate([{ name: 'commonName', value: name }], {
    algorithm: 'sha256',
    keyType: 'ec',
    ...(ca && { ca: { key: ca.private, cert: ca.cert } }),
    extensions: [
      { name: 'basicConstraints', cA: ca === undefined, critical: true },
      { name: 'subjectAltName', altNames: [altName as { type: 2; value: string }] },
    ],
  });
}
