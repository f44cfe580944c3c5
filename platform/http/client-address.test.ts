import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { pino } from 'pino';
import { clientAddressOf, createAddressReader } from './client-address.ts';
import { createHttpServer, listen } from './server.ts';
import { readTrustProxy, type TrustedProxies, trustProxyFault } from './trust-proxy.ts';

const trusting = (setting: string) => readTrustProxy(setting) as TrustedProxies;

/** What a setting makes of a connection and its header. */
function addressFor(setting: string, chain?: string, remoteAddress: string | null = '10.0.0.1') {
  return createAddressReader(trusting(setting))({
    headers: chain === undefined ? {} : { 'x-forwarded-for': chain },
    socket: { remoteAddress: remoteAddress ?? undefined },
  });
}

const CLIENT = '203.0.113.7';

for (const [setting, chain, address] of [
  ['false', undefined, '10.0.0.1'],
  ['false', CLIENT, '10.0.0.1'],
  ['1', undefined, '10.0.0.1'],
  ['1', CLIENT, CLIENT],
  ['true', CLIENT, CLIENT],
  // The client's own entries are before the one of the proxy.
  ['1', `192.0.2.1, ${CLIENT}`, CLIENT],
  ['1', `unknown,,'";--, ${'9'.repeat(3_000)},${CLIENT}`, CLIENT],
  ['2', `192.0.2.1, ${CLIENT}, 10.0.0.9`, CLIENT],
  ['2', CLIENT, CLIENT],
  ['2', `garbage, ${CLIENT}`, CLIENT],
  ['10', `${CLIENT}${',10.0.0.2'.repeat(9)}`, CLIENT],
  ['10.0.0.0/8', `192.0.2.1, ${CLIENT}, 10.3.2.1`, CLIENT],
  ['10.0.0.0/8', `192.0.2.1,${CLIENT}`, CLIENT],
  ['10.0.0.0/8', '10.0.0.7, 10.0.0.8', '10.0.0.7'],
  ['10.0.0.1', `${CLIENT}, 10.0.0.2`, '10.0.0.2'],
  ['192.168.0.0/16', CLIENT, '10.0.0.1'],
  ['192.168.0.0/16, 10.0.0.1', CLIENT, CLIENT],
  ['2001:db8::/32', CLIENT, '10.0.0.1'],
  // Empty elements of a list do not count, and so does an empty line of several.
  ['1', `${CLIENT}, ,`, CLIENT],
  ['1', ` ,${CLIENT}`, CLIENT],
  ['1', '', '10.0.0.1'],
  ['1', ' , ,', '10.0.0.1'],
  ['1', ','.repeat(16_000), '10.0.0.1'],
  // A port and brackets can be read, other additions cannot.
  ['1', `${CLIENT}:4711`, CLIENT],
  ['1', '[2001:db8::1]:4711', '2001:db8::/64'],
  ['1', '[2001:db8::1]', '2001:db8::/64'],
  ['1', `::ffff:${CLIENT}`, CLIENT],
  ['1', '::FFFF:CB00:7107', CLIENT],
  ['1', 'fe80::1%eth0', 'fe80::/64'],
  ...[
    ...[`"${CLIENT}"`, `for=${CLIENT}`, 'unknown', '_hidden', `${CLIENT}/32`, `[${CLIENT}`],
    ...['203.0.113', '203.0.113.256', '0203.0.113.7', '3405803783', '0xcb007107', '[]', ':80'],
    ...[`${CLIENT}:`, `${CLIENT}:http`, '[2001:db8::1]x', '2001:db8::1::2', '[::1', '٢٠٣.٠.١١٣.٧'],
    ...['x'.repeat(65), 'x'.repeat(16_000), `${CLIENT} ${CLIENT}`, `${CLIENT}\u00a0x`],
  ].map((entry) => ['1', `192.0.2.1, ${entry}`, '10.0.0.1'] as const),
] as const) {
  const shown = chain === undefined ? 'no header' : JSON.stringify(chain.slice(0, 60));
  test(`TRUST_PROXY=${setting}: ${shown} is ${address}`, () => {
    assert.equal(addressFor(setting, chain), address);
  });
}

for (const [connection, address] of [
  ['127.0.0.1', '127.0.0.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::1', '::/64'],
  ['2001:db8:0:0:1:2:3:4', '2001:db8::/64'],
  ['2001:DB8:AAAA:BBBB:cccc::1', '2001:db8:aaaa:bbbb::/64'],
  ['2001:db8:0:7::', '2001:db8:0:7::/64'],
  ['1::2:3:4:5:6', '1:0:0:2::/64'],
  ['fe80::1%eth0', 'fe80::/64'],
  [null, 'unknown'],
] as const) {
  test(`the connection of ${connection} counts as ${address}`, () => {
    assert.equal(addressFor('false', undefined, connection), address);
  });
}

test('all addresses of an IPv6 /64 count as one in every spelling, and other networks do not', () => {
  const spellings = [
    '2001:db8:0:1::1',
    '2001:0DB8:0000:0001:ffff:ffff:ffff:ffff',
    '2001:db8::1:0:0:0:9',
  ];
  assert.deepEqual(
    new Set(spellings.map((one) => addressFor('1', one))),
    new Set(['2001:db8:0:1::/64']),
  );
  assert.notEqual(addressFor('1', '2001:db8:0:2::1'), addressFor('1', '2001:db8:0:1::1'));
});

for (const setting of [
  'false',
  'true',
  '1',
  '10',
  '10.0.0.0/8',
  '::1',
  '10.1.2.3/8, 2001:DB8::/32',
]) {
  test(`TRUST_PROXY=${setting} is read`, () => assert.equal(trustProxyFault(setting), null));
}

for (const [setting, part] of [
  ['0', /^must be false, the number of proxies in front \(1 to 10\), or/],
  ['11', /1 to 10/],
  ['-1', /1 to 10/],
  ['01', /1 to 10/],
  ['1.5', /entry 1 \(1\.5\) is no IP address/],
  ['yes', /entry 1 is no IP address and no network$/],
  ['TRUE', /entry 1 is no/],
  ['loopback', /entry 1 is no/],
  ['10.0.0.1, 10.0.0', /entry 2 \(10\.0\.0\) is no IP address/],
  ['10.0.0.0/8,', /entry 2 is no/],
  ['10.0.0.0/33', /entry 1 \(10\.0\.0\.0\/33\) has more than 32 bits/],
  ['::1, 2001:db8::/129', /entry 2 \(2001:db8::\/129\) has more than 128 bits/],
  ['10.0.0.0/', /entry 1 \(10\.0\.0\.0\/\) is no/],
  ['0.0.0.0/0', /entry 1 \(0\.0\.0\.0\/0\) trusts every address/],
  ['10.0.0.1, ::/0', /entry 2 \(::\/0\) trusts every address/],
  ['::ffff:10.0.0.0/104', /entry 1 \(::ffff:10\.0\.0\.0\/104\) .*write 10\.0\.0\.0/],
  ['fe80::1%eth0', /entry 1 is no/],
  ['proxy.example', /entry 1 is no/],
  ['10.0.0.1 10.0.0.2', /entry 1 is no/],
  ['hunter2', /^(?!.*hunter)/],
] as const) {
  test(`TRUST_PROXY=${setting} is refused with the part that is wrong`, () => {
    assert.match(String(trustProxyFault(setting)), part);
  });
}

/** The texts of warnings for connections from 10.0.0.1 and their headers. */
function warningsOf(setting: string, ...chains: (string | undefined)[]): string[] {
  const warnings: string[] = [];
  const read = createAddressReader(trusting(setting), (message) => warnings.push(message));
  for (const chain of chains) {
    read({ headers: { 'x-forwarded-for': chain }, socket: { remoteAddress: '10.0.0.1' } });
  }
  return warnings;
}

test('a header that no setting trusts causes a warning and changes no address', () => {
  assert.deepEqual(warningsOf('false', undefined), []);
  const [warning = ''] = warningsOf('false', CLIENT);
  assert.match(warning, /TRUST_PROXY is false .* set TRUST_PROXY to the number of proxies/);
  assert.match(String(warningsOf('192.168.0.0/16', CLIENT)), /outside of TRUST_PROXY/);
  assert.deepEqual(warningsOf('192.168.0.0/16', undefined), []);
  assert.ok(!warning.includes(CLIENT));
});

test('proxies that do not say what the setting expects are warned of, until one does', () => {
  assert.match(String(warningsOf('1', undefined)), /TRUST_PROXY is 1, but .* through 0 of/);
  assert.match(String(warningsOf('2', CLIENT)), /TRUST_PROXY is 2, but .* through 1 of/);
  assert.equal(warningsOf('2', CLIENT, CLIENT).length, 2);
  assert.deepEqual(warningsOf('2', `${CLIENT}, 10.0.0.2`, CLIENT, undefined), []);
  assert.match(String(warningsOf('10.0.0.0/8', undefined)), /has no X-Forwarded-For/);
  assert.deepEqual(warningsOf('10.0.0.0/8', CLIENT, undefined), []);
});

test('a server joins several header lines, answers any of them, and warns once', async (t) => {
  const lines: { level: number; msg: string }[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
  const start = async (trustProxy?: string) => {
    const app = createHttpServer({ log, ...(trustProxy !== undefined && { trustProxy }) });
    t.after(() => app.close());
    app.get('/', async (request) => ({ address: clientAddressOf(request) }));
    const url = new URL(await listen(app, '127.0.0.1', 0));
    return async (...headers: string[]) => {
      const socket = connect(Number(url.port), url.hostname).setEncoding('latin1');
      const head = ['GET / HTTP/1.1', 'Host: x', 'Connection: close', ...headers, '', ''];
      socket.write(Buffer.from(head.join('\r\n'), 'latin1'));
      let answer = '';
      socket.on('data', (text) => {
        answer += text;
      });
      await once(socket, 'close');
      return [
        Number(answer.split(' ')[1]),
        JSON.parse(answer.split('\r\n\r\n')[1] as string).address,
      ];
    };
  };
  const behind = await start('true');
  const said = lines.filter(({ msg }) =>
    msg.startsWith('TRUST_PROXY=true counts as TRUST_PROXY=1'),
  );
  assert.equal(said.length, 1);
  assert.deepEqual(await behind('X-Forwarded-For: 192.0.2.1', 'x-forwarded-for: 192.0.2.2'), [
    200,
    '192.0.2.2',
  ]);
  for (const header of ['', '\xff\x00'.slice(0, 1), '"', 'a'.repeat(9_000), ','.repeat(9_000)]) {
    assert.deepEqual(await behind(`X-Forwarded-For: ${header}`), [200, '127.0.0.1']);
  }
  // RFC 7239 is another header, which proxies do not clear.
  assert.deepEqual(await behind('Forwarded: for=192.0.2.1'), [200, '127.0.0.1']);
  lines.length = 0;
  const direct = await start();
  for (let count = 0; count < 3; count++) {
    assert.deepEqual(await direct('X-Forwarded-For: 192.0.2.1'), [200, '127.0.0.1']);
  }
  const warnings = lines.filter(({ level }) => level === 40);
  assert.deepEqual(
    warnings.map(({ msg }) => msg.slice(0, 23)),
    ['X-Forwarded-For arrives'],
  );
  await assert.rejects(start('nonsense'), /^Error: TRUST_PROXY must be false/);
});
