import assert from 'node:assert/strict';
import { test } from 'node:test';
import { urlFault } from './endpoint-url.ts';
import { isPublicAddress } from './public-address.ts';

const PUBLIC = ['8.8.8.8', '1.1.1.1', '172.15.0.1', '172.32.0.1', '100.63.0.1', '2606:4700::1111'];

const REFUSED = {
  'this host': ['0.0.0.0', '::'],
  loopback: ['127.0.0.1', '127.255.255.254', '::1'],
  private: ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1'],
  'link-local': ['169.254.1.1', 'fe80::1', 'fe80::1%eth0'],
  'metadata of clouds': ['169.254.169.254', 'fd00:ec2::254', '168.63.129.16', '100.100.100.200'],
  'NAT of carriers': ['100.64.0.1', '100.127.255.255'],
  multicast: ['224.0.0.1', '239.255.255.255', 'ff02::1'],
  'broadcast and reserved': ['255.255.255.255', '240.0.0.1'],
  documentation: ['192.0.2.1', '198.51.100.1', '203.0.113.1', '2001:db8::1', '3fff::1'],
  'IPv4 within IPv6': ['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1'],
  NAT64: ['64:ff9b::7f00:1', '64:ff9b::808:808', '64:ff9b:1::1'],
  '6to4 and Teredo': ['2002:7f00:1::', '2001::1', '192.88.99.1'],
  'no address': ['', 'localhost', '127.1', '0x7f.1', '8.8.8.8.'],
};

test('addresses of the public internet are public, all others are not', () => {
  for (const address of PUBLIC) assert.equal(isPublicAddress(address), true, address);
  for (const [kind, addresses] of Object.entries(REFUSED)) {
    for (const address of addresses) assert.equal(isPublicAddress(address), false, kind + address);
  }
});

test('a URL leads by https to a public address, in whatever form its host is written', () => {
  const strict = { allowPrivate: false };
  const hosts = ['127.1', '2130706433', '0x7f000001', '0177.0.0.1', '127.0.0.1.', '０.0.0.0'];
  for (const host of [...hosts, '[::1]', '[::ffff:7f00:1]', '[64:ff9b::7f00:1]', '10.0.0.1']) {
    assert.match(urlFault(`https://${host}/`, strict) ?? '', /not a public address/, host);
    assert.equal(urlFault(`http://${host}/`, { allowPrivate: true }), null, host);
  }
  assert.equal(urlFault('https://example.com:8443/hook?key=1', strict), null);
  assert.equal(urlFault('https://8.8.8.8/', strict), null);
  const others = {
    'http://example.com/': 'is not https',
    'ftp://example.com/': 'is not https',
    'https://user@example.com/': 'has a user name or password',
    'https://example.com/#part': 'has a fragment',
    'example.com': 'is not a URL',
    'https://[fe80::1%25eth0]/': 'is not a URL',
    // As WHATWG reads them: another host than the text seems to name.
    'https://8.8.8.8@127.0.0.1/': 'has a user name or password',
    'https://127.0.0.1\\@8.8.8.8/': '127.0.0.1 is not a public address',
    'https:127.0.0.1/': '127.0.0.1 is not a public address',
    'https://①②⑦.⓪.⓪.①/': '127.0.0.1 is not a public address',
    'https://127.0.0.1%2f@8.8.8.8/': 'has a user name or password',
    'https://0x7f.1/': '127.0.0.1 is not a public address',
    'https://[::ffff:0:127.0.0.1]/': '::ffff:0:7f00:1 is not a public address',
    'https://8.8.8.8:65536/': 'is not a URL',
  };
  for (const [url, fault] of Object.entries(others))
    assert.equal(urlFault(url, strict), fault, url);
  assert.equal(urlFault('ftp://example.com/', { allowPrivate: true }), 'is not https');
});
