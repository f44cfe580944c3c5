import assert from 'node:assert/strict';
import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { type Certificate, createCertificate } from '#harness/certificate.ts';
import { eventually } from '#harness/eventually.ts';
import { CALLEES, openTraffic, REPLICAS, temporaryFolder } from './rotation-traffic.ts';

// Mutual TLS between all services: certificates and their authority are replaced while customers
// order.

// Gateway and notifications.
const CALLERS = 2;

/** Files of certificates for all services, which each of them shows as server and as client. */
async function openCertificates(t: TestContext, authority: Certificate) {
  const folder = await temporaryFolder(t);
  const path = (name: string) => join(folder, name);
  async function write(name: string, text: string): Promise<void> {
    await writeFile(path('draft'), text);
    await rename(path('draft'), path(name));
  }
  const authorities = (...all: Certificate[]) =>
    write('ca.crt', all.map(({ cert }) => cert).join('\n'));
  async function certificate(ca: Certificate): Promise<void> {
    const { cert, private: key } = await createCertificate('127.0.0.1', { ca });
    await write('tls.key', key);
    await write('tls.crt', cert);
  }
  await authorities(authority);
  await certificate(authority);
  return {
    authorities,
    certificate,
    settings: {
      TLS_CERTIFICATE_FILE: path('tls.crt'),
      TLS_KEY_FILE: path('tls.key'),
      // The gateways' clients have no certificates.
      ...Object.fromEntries(
        CALLEES.map((name) => [`${name.toUpperCase()}_TLS_CLIENT_CA_FILE`, path('ca.crt')]),
      ),
      SERVICES_TLS_CA_FILE: path('ca.crt'),
      SERVICES_TLS_CERTIFICATE_FILE: path('tls.crt'),
      SERVICES_TLS_KEY_FILE: path('tls.key'),
    },
  };
}

test('certificates and the authority of mutual TLS are replaced, and nothing fails', async (t) => {
  const [first, second] = [await createCertificate('ca.1'), await createCertificate('ca.2')];
  const known = getCACertificates('default');
  setDefaultCACertificates([...known, first.cert, second.cert]);
  t.after(() => setDefaultCACertificates(known));
  const certificates = await openCertificates(t, first);
  const traffic = await openTraffic(t, certificates.settings, false);
  const { lines } = traffic;
  /** @param listeners how many services read the changed files for their listener */
  async function renewed(change: Promise<void>, listeners: number): Promise<void> {
    const before = lines.length;
    await change;
    await eventually('all to take it over', async () => {
      const said = lines.slice(before).join('\n');
      const count = (what: RegExp) => (said.match(what) ?? []).length;
      return (
        count(/\(TLS_CERTIFICATE\) was renewed/g) >= REPLICAS * listeners &&
        count(/\(SERVICES_TLS_…\) was renewed/g) >= REPLICAS * CALLERS
      );
    });
  }
  const all = CALLEES.length + 1;
  await renewed(certificates.certificate(first), all);
  // Both are trusted while one replaces the other.
  await renewed(certificates.authorities(first, second), CALLEES.length);
  await renewed(certificates.certificate(second), all);
  traffic.say('certificates and their authority are replaced');
  await traffic.end();
  const url = traffic.system.urlsOf('orders')[0] as string;
  assert.equal((await fetch(`${url}/readyz`)).status, 200);
  assert.equal((await fetch(`${url}/metrics`)).status, 403);
});
