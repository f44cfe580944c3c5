import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { CompactEncrypt, exportJWK, exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { eventually } from '#harness/eventually.ts';
import { AUDIENCE, nowPlus, startTestIssuer, type TestIssuer } from '#harness/issuer.ts';
import { type Answer, call } from '#harness/requests.ts';
import { assertProblem, rawCall } from '#harness/system/raw-http.ts';
import { orderOf, PATIENT, rub, startTestSystem, stop } from '#harness/system/system.ts';

// docs/reference/security.md, against an issuer whose keys are ours.

const base64url = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Signed with a shared secret, which the allow-list of algorithms excludes. */
function hmacToken(claims: object, header: object, secret: string | Buffer): string {
  const signed = `${base64url({ alg: 'HS256', ...header })}.${base64url(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

/** A listener that a token points to. */
async function startTrap(t: TestContext) {
  let connections = 0;
  const server = createServer((_request, response) => response.end('{}'));
  server.on('connection', () => connections++);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/keys`, connections: () => connections };
}

/** Tokens that must be refused, by what is wrong with them. */
async function refusedTokens(issuer: TestIssuer, trap: string): Promise<Record<string, string>> {
  const attacker = await generateKeyPair('EdDSA', { extractable: true });
  const rsaAttacker = await generateKeyPair('RS256', { extractable: true });
  const claims = { sub: 'eve', iss: issuer.url, aud: AUDIENCE, exp: nowPlus(300) };
  const forged = (header: Record<string, unknown>) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: 'EdDSA', kid: 'ed', ...header })
      .sign(attacker.privateKey);
  const jwk = await exportJWK(attacker.publicKey);
  const publicPem = await exportSPKI(
    (await importJWK(issuer.jwks.rsa as object, 'RS256', { extractable: true })) as never,
  );
  const [head, , signature] = (await issuer.sign()).split('.');
  const payload = base64url(claims);
  return {
    'no algorithm': `${base64url({ alg: 'none' })}.${payload}.`,
    'no algorithm, with a signature': `${base64url({ alg: 'none' })}.${payload}.AAAA`,
    'no algorithm, in odd letters': `${base64url({ alg: 'nOnE' })}.${payload}.AAAA`,
    'HS256 with the public PEM': hmacToken(claims, { kid: 'rsa' }, publicPem),
    'HS256 with the public JWK': hmacToken(claims, { kid: 'rsa' }, JSON.stringify(issuer.jwks.rsa)),
    'HS256 with an empty secret': hmacToken(claims, { kid: 'ed' }, ''),
    'another key of the same kid': await forged({}),
    'another key without a kid': await forged({ kid: undefined }),
    'another RSA key of the same kid': await new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'rsa' })
      .sign(rsaAttacker.privateKey),
    'its own key embedded': await forged({ jwk }),
    'its own key embedded, with its kid': await forged({ jwk, kid: 'evil' }),
    'jku to a foreign host': await forged({ jku: trap }),
    'jku with a kid of its own': await forged({ jku: trap, kid: 'evil' }),
    'x5u to a foreign host': await forged({ x5u: trap, kid: 'evil' }),
    'a kid that is an address': await forged({ kid: trap }),
    'a kid that is a path': await forged({ kid: '../../dev/null' }),
    'a kid with SQL': await forged({ kid: "x' or 1=1 --" }),
    'the kid of a key of another algorithm': await forged({ kid: 'rsa' }),
    'an unknown critical header': `${base64url({ alg: 'EdDSA', kid: 'ed', crit: ['x'], x: 1 })}.${payload}.${signature}`,
    'a payload exchanged': `${head}.${payload}.${signature}`,
    'a signature cut off': `${head}.${(await issuer.sign()).split('.')[1]}.`,
    'five parts': await new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
      .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A256GCM', kid: 'rsa' })
      .encrypt(
        await importJWK({ ...issuer.jwks.rsa, alg: 'RSA-OAEP', use: 'enc' } as object, 'RSA-OAEP'),
      ),
    expired: await issuer.sign({ exp: nowPlus(-10) }),
    'not valid yet': await issuer.sign({ nbf: nowPlus(60) }),
    'no expiry': await issuer.sign({ exp: undefined }),
    'an expiry that is text': await issuer.sign({ exp: String(nowPlus(300)) }),
    'a foreign issuer': await issuer.sign({ iss: 'https://issuer.example.com' }),
    'the issuer with a slash more': await issuer.sign({ iss: `${issuer.url}/` }),
    'no issuer': await issuer.sign({ iss: undefined }),
    'another audience': await issuer.sign({ aud: 'console' }),
    'no audience': await issuer.sign({ aud: undefined }),
    'no subject': await issuer.sign({ sub: undefined }),
    'an empty subject': await issuer.sign({ sub: '' }),
    'a subject with a space': await issuer.sign({ sub: 'an na' }),
    'a subject with a line break': await issuer.sign({ sub: 'anna\n' }),
    'a subject beyond ASCII': await issuer.sign({ sub: 'анна' }),
    'a subject of 256 characters': await issuer.sign({ sub: 's'.repeat(256) }),
    'a subject that is a number': await issuer.sign({ sub: 5 }),
    'a subject that is a list': await issuer.sign({ sub: ['anna'] }),
    'the payload type of an ID token': await issuer.sign({ typ: 'ID' }),
    'the payload type of a refresh token': await issuer.sign({ typ: 'Refresh' }),
    'the nonce of an ID token': await issuer.sign({ nonce: 'n' }),
    'the hash of an ID token': await issuer.sign({ at_hash: 'h' }),
    'the hash of a code': await issuer.sign({ c_hash: 'h' }),
    'the events of a logout token': await issuer.sign({
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    }),
    'the type of a logout token': await issuer.sign({}, { typ: 'logout+jwt' }),
    'a type that is a number': await issuer.sign({}, { typ: 5 }),
    'more than 8 KiB': await issuer.sign({ padding: randomBytes(7_000).toString('base64') }),
    'no payload': `${head}.${Buffer.from('null').toString('base64url')}.${signature}`,
    'not even JSON': 'a.b.c',
    nothing: '',
  };
}

test('access tokens of an OpenID Connect issuer', async (t) => {
  const issuer = await startTestIssuer(t);
  await issuer.close();
  const { url } = await startTestSystem(t, { OIDC_ISSUER: issuer.url });
  const get = (authorization: string | string[], path = '/v1/wallet'): Promise<Answer> =>
    rawCall(url, { path, headers: { authorization } });
  const callAs = async (claims: object, method: string, path: string, body?: unknown) => {
    const headers = { authorization: `Bearer ${await issuer.sign({ ...claims })}` };
    return call(url, method, path, { headers, ...(body !== undefined && { body }) });
  };

  await t.test(
    '503, not 401, while the issuer does not answer; then the keys are had',
    async () => {
      const authorization = `Bearer ${await issuer.sign()}`;
      assertProblem(await get(authorization), 503, 'unavailable');
      const { body } = await call(url, 'GET', '/readyz');
      assert.deepEqual(body, { status: 'unavailable', failed: ['keys'] });
      await issuer.start();
      const answer = await eventually('the keys', async () => {
        const given = await get(authorization);
        return given.status === 200 && given;
      });
      assert.equal((await call(url, 'GET', '/readyz')).status, 200);
      assert.equal(answer.body.customerId, 'somebody');
    },
  );

  const trap = await startTrap(t);
  for (const [name, token] of Object.entries(await refusedTokens(issuer, trap.url))) {
    await t.test(`401: ${name}`, async () => {
      assertProblem(await get(`Bearer ${token}`), 401, 'unauthenticated');
    });
  }
  await t.test(
    'no token causes a request to the address in it, and few cause the keys to be read again',
    () => {
      assert.equal(trap.connections(), 0);
      // Discovery and the keys, and both again on a very slow machine (every 30 s at most).
      assert.ok(issuer.requests <= 4, `${issuer.requests} requests`);
    },
  );

  await t.test('401: other schemes, places and numbers of tokens', async () => {
    const token = await issuer.sign();
    const bad = `Bearer ${await issuer.sign({ exp: nowPlus(-10) })}`;
    for (const authorization of [token, `Basic ${token}`, `Bearer${token}`, `Token ${token}`]) {
      assertProblem(await get(authorization), 401);
    }
    assertProblem(await get(`Bearer ${token} ${token}`), 401);
    assertProblem(await get(`Bearer ${token},Bearer ${token}`), 401);
    // The first of two headers counts; the second is ignored.
    assertProblem(await get([bad, `Bearer ${token}`]), 401);
    for (const name of ['access_token', 'token', 'authorization']) {
      assertProblem(await rawCall(url, { path: `/v1/wallet?${name}=${token}` }), 401);
    }
    const cookie = `token=${token}; access_token=${token}`;
    assertProblem(await rawCall(url, { path: '/v1/wallet', headers: { cookie } }), 401);
    const posted = await rawCall(url, {
      method: 'POST',
      path: '/v1/orders',
      body: `access_token=${token}`,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
    assertProblem(posted, 401);
  });

  for (const [name, claims, header, scheme] of [
    // The first one: its time goes on while the others are asked for.
    ['an expiry within the clock skew', { exp: nowPlus(-1) }, {}, 'Bearer'],
    ['the scheme in small letters', {}, {}, 'bearer'],
    ['RS256', {}, { kid: 'rsa' }, 'Bearer'],
    ['a list of audiences with ours in it', { aud: ['console', AUDIENCE] }, {}, 'Bearer'],
    ['the type JWT', {}, { typ: 'JWT' }, 'Bearer'],
    ['the payload type of Keycloak', { typ: 'Bearer', sid: 's' }, { typ: 'JWT' }, 'Bearer'],
    ['the type of RFC 9068', {}, { typ: 'application/at+JWT' }, 'Bearer'],
  ] as const) {
    await t.test(`200: ${name}`, async () => {
      const answer = await get(`${scheme} ${await issuer.sign(claims, header)}`);
      assert.equal(answer.status, 200, JSON.stringify(answer.body));
    });
  }

  for (const sub of ['auth0|5f7/..%2f?x=1#y&z', '..', `${'~"<'.repeat(85)}`]) {
    await t.test(`the subject ${sub.slice(0, 30)} is the customer, verbatim`, async () => {
      const topUp = await callAs({ sub }, 'POST', '/v1/wallet/top-ups', { amount: rub(100) });
      assert.equal(topUp.status, 201, JSON.stringify(topUp.body));
      const order = await callAs({ sub }, 'POST', '/v1/orders', {
        ...orderOf(40),
        customerId: sub,
      });
      assert.equal(order.status, 201, JSON.stringify(order.body));
      assert.equal(order.body.customerId, sub);
      const wallet = await callAs({ sub }, 'GET', '/v1/wallet');
      assert.deepEqual(wallet.body, { customerId: sub, balance: rub(60) });
      const list = await callAs({ sub }, 'GET', '/v1/orders');
      assert.deepEqual(list.body.data, [order.body]);
      const one = await callAs({ sub }, 'GET', `/v1/orders/${order.body.id}`);
      assert.deepEqual(one.body, order.body);
    });
  }

  await t.test('the contact comes from the claims, and later changes of it stay', async () => {
    const claims = { sub: 'claimed', email: 'vera@example.com', name: 'Vera', locale: 'en-GB' };
    const order = await callAs(claims, 'POST', '/v1/orders', orderOf(1));
    assertProblem(order, 406);
    const letter = await eventually('a letter to the claimed address', async () => {
      const { body } = await callAs(claims, 'GET', '/v1/letters');
      return body.data.find((one: { state: string }) => one.state === 'sent');
    });
    assert.equal(letter.to, 'vera@example.com');
    assert.match(letter.subject, /^Letter of grief/);
    assert.match(letter.text, /Vera/);
    const profile = { email: 'vera@example.org', name: 'Vera II', locale: 'ru' };
    assert.equal((await callAs(claims, 'PUT', '/v1/profile', profile)).status, 200);
    assertProblem(await callAs(claims, 'POST', '/v1/orders', orderOf(1)), 406);
    const stored = await callAs(claims, 'GET', '/v1/profile');
    assert.deepEqual(stored.body, { customerId: 'claimed', ...profile });
  });

  await t.test('a profile read before any order contains the claims', async () => {
    const claims = { sub: 'reader', email: 'olga@example.com', name: 'Olga', locale: 'en' };
    const { body } = await callAs(claims, 'GET', '/v1/profile');
    const { sub: customerId, ...contact } = claims;
    assert.deepEqual(body, { customerId, ...contact });
    // A token without an address says nothing that letters could go to.
    assertProblem(await callAs({ sub: 'silent' }, 'GET', '/v1/profile'), 404);
  });

  await t.test('the operator sees claims that cannot be used', async () => {
    const named = { sub: 'named', email: 'olga@example.com', name: 'a'.repeat(201) };
    assertProblem(await callAs(named, 'POST', '/v1/orders', orderOf(1)), 406);
    const operator = { sub: 'boss', scope: 'operator' };
    const { status, body } = await callAs(operator, 'GET', '/v1/operator/overview');
    assert.equal(status, 200, JSON.stringify(body));
    const { claim, fault, customers } = body.gateway.contactFaults.at(-1);
    assert.deepEqual([claim, fault, customers], ['name', 'length', 1]);
  });

  await t.test('the scope makes an operator', async () => {
    const topUp = (claims: object) =>
      callAs(claims, 'POST', '/v1/operator/wallets/claimed/top-ups', { amount: rub(1) });
    assert.equal((await topUp({ scope: 'openid operator' })).status, 201);
    for (const scope of [undefined, 'openid', 'operators', 'Operator', { operator: true }]) {
      assertProblem(await topUp({ scope }), 403, 'forbidden');
    }
  });

  await t.test('404: accounts, sessions and passwords are the issuer’s', async () => {
    const body = { email: 'a@example.com', password: 'long enough', name: 'A' };
    assertProblem(await call(url, 'POST', '/v1/registrations', { body }), 404);
    assertProblem(await call(url, 'POST', '/v1/sessions', { body }), 404);
    for (const [method, path] of [
      ['POST', '/v1/sessions/renewal'],
      ['DELETE', '/v1/sessions/current'],
      ['PUT', '/v1/password'],
      ['POST', '/v1/password-resets'],
      ['POST', '/v1/password-resets/redeem'],
    ] as const) {
      assertProblem(await callAs({}, method, path, {}), 404, 'not-found');
    }
  });

  await t.test('while the issuer is down, its known keys still work', async () => {
    const verified = `Bearer ${await issuer.sign()}`;
    assert.equal((await get(verified)).status, 200);
    await issuer.close();
    assert.equal((await get(verified)).status, 200);
    assert.equal((await get(`Bearer ${await issuer.sign({ jti: 'new' })}`)).status, 200);
    const claims = { jti: 'order' };
    assertProblem(await callAs(claims, 'POST', '/v1/orders', orderOf(1)), 406);
    // It is as ready as before: a load balancer must not eject it.
    assert.equal((await call(url, 'GET', '/readyz')).status, 200);
  });
});

test('without identity tokens work that no gateway has seen; sign-in is 503', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const anna = await system.customer();
  const gateways = system.urlsOf('gateway');
  for (const url of gateways) {
    const isReady = async () => (await call(url, 'GET', '/readyz')).status === 200;
    await eventually('readiness', isReady);
  }
  await stop(system, 'identity');
  const headers = { authorization: `Bearer ${anna.token}` };
  const body = { email: anna.email, password: 'whatever it is' };
  for (const url of gateways) {
    assert.equal((await call(url, 'GET', '/v1/wallet', { headers })).status, 200);
    assertProblem(await call(url, 'POST', '/v1/sessions', { body }), 503, 'unavailable');
  }
});

test('a token verified before identity stopped still works', async (t) => {
  const system = await startTestSystem(t, PATIENT);
  const anna = await system.customer({ topUp: 200 });
  const headers = { authorization: `Bearer ${anna.token}` };
  const gateways = system.urlsOf('gateway');
  for (const url of gateways) {
    assert.equal((await call(url, 'GET', '/v1/wallet', { headers })).status, 200);
  }
  await stop(system, 'identity');
  for (const url of gateways) {
    assert.equal((await call(url, 'GET', '/v1/wallet', { headers })).status, 200);
    const order = await call(url, 'POST', '/v1/orders', { headers, body: orderOf(100) });
    assert.equal(order.status, 201);
  }
});
