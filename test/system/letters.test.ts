import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeOf } from '#contracts/answers.ts';
import type { Letter } from '#contracts/notifications.ts';
import { eventually } from '#harness/eventually.ts';
import { call } from '#harness/requests.ts';
import { assertProblem } from '#harness/system/raw-http.ts';
import { sharedTestSystem } from '#harness/system/shared-system.ts';
import { orderOf, type TestCustomer, type TestSystem } from '#harness/system/system.ts';

/** The letter of an order, once it was sent. */
function letterOf(customer: TestCustomer, orderId: string): Promise<Letter> {
  return eventually(`the letter of ${orderId}`, async () => {
    const { body } = await customer.call('GET', `/v1/letters?orderId=${orderId}`);
    const [letter] = body.data;
    return letter?.state === 'sent' && letter;
  });
}

interface KeptMail {
  subject: string;
  text: string;
  html: string;
  source: string;
  /** Of the envelope. */
  to: string;
}

/** The mail that the mail server received under this Message-ID. */
async function received({ mailbox }: TestSystem, messageId: string): Promise<KeptMail> {
  const { body } = await call(mailbox.httpUrl, 'GET', '/mailbox/messages?limit=100');
  const found = body.data.filter((mail: { messageId: string }) => mail.messageId === messageId);
  assert.equal(found.length, 1);
  return (await call(mailbox.httpUrl, 'GET', `/mailbox/messages/${found[0].id}`)).body;
}

async function place(customer: TestCustomer, price: number): Promise<string> {
  const { body } = await customer.call('POST', '/v1/orders', orderOf(price));
  return body.id ?? body.order.id;
}

test('letters', async (t) => {
  const system = await sharedTestSystem();
  await t.test('letters speak the profile’s language, both kinds, in subject, text and html', () =>
    checkLanguages(system),
  );
  await t.test('I6: the API shows a letter as it was sent: state, texts, addressee, attempts', () =>
    checkView(system),
  );
  await t.test('a letter goes where the profile points when it is sent', () =>
    checkAddressee(system),
  );
  await t.test(
    'a name is only text: markup is escaped, a bidi override cannot turn the letter',
    () => checkMarkup(system),
  );
  await t.test('a name or address with a line break is refused and nothing is stored', () =>
    checkLineBreaks(system),
  );
});

async function checkLanguages(system: TestSystem) {
  for (const [locale, happy, sad, refusal] of [
    ['ru', /^Письмо счастья/, /^Письмо горя/, /недостаточно средств/],
    ['en', /^Letter of happiness/, /^Letter of grief/, /insufficient funds/],
  ] as const) {
    const customer = await system.customer({ locale, name: 'Ann', topUp: 1_000 });
    const paid = await letterOf(customer, await place(customer, 1_000));
    assert.match(paid.subject ?? '', happy);
    const cancelled = await letterOf(customer, await place(customer, 1));
    assert.match(cancelled.subject ?? '', sad);
    assert.match(cancelled.text ?? '', refusal);
    for (const letter of [paid, cancelled]) {
      const mail = await received(system, letter.messageId);
      assert.match(mail.html, new RegExp(`<html lang="${locale}">`));
      assert.match(mail.source, new RegExp(`^Content-Language: ${locale}`, 'm'));
    }
  }
}

async function checkView(system: TestSystem) {
  const anna = await system.customer({ topUp: 1_000 });
  const orderId = await place(anna, 1_000);
  const letter = await letterOf(anna, orderId);
  assert.deepEqual(
    [letter.orderId, letter.kind, letter.state, letter.reason, letter.to, letter.unknownOutcomes],
    [orderId, 'happiness', 'sent', null, anna.email, 0],
  );
  const ended = await eventually('the attempt', async () => {
    const { body } = await anna.call('GET', `/v1/letters/${letter.id}`);
    return body.attempts.length === 1 && body;
  });
  assert.deepEqual({ ...ended, attempts: [] }, { ...letter, attempts: [] });
  const [attempt] = ended.attempts;
  assert.deepEqual([attempt.number, attempt.outcome, attempt.error], [1, 'sent', null]);
  assert.match(attempt.response, /^250 /);
  assert.ok(Date.parse(ended.sentAt) >= Date.parse(ended.createdAt));

  const mail = await received(system, letter.messageId);
  assert.equal(mail.subject, letter.subject);
  assert.equal(mail.text.trim(), letter.text?.trim());
  assert.equal(mail.html.trim(), letter.html?.trim());
  assert.equal(mail.to, anna.email);

  // Nobody else sees it.
  const boris = await system.customer();
  assert.equal((await boris.call('GET', `/v1/letters/${letter.id}`)).status, 404);
  assert.deepEqual((await boris.call('GET', `/v1/letters?orderId=${orderId}`)).body.data, []);
}

async function checkAddressee(system: TestSystem) {
  const anna = await system.customer({ topUp: 1_000 });
  const email = 'new.anna@example.org';
  const profile = { email, name: 'Ann', locale: 'en' };
  assert.equal((await anna.call('PUT', '/v1/profile', profile)).status, 200);
  const letter = await letterOf(anna, await place(anna, 1_000));
  assert.equal(letter.to, email);
  assert.match(letter.subject ?? '', /^Letter of happiness/);
  const mail = await received(system, letter.messageId);
  assert.equal(mail.to, email);
  assert.match(mail.source, /^To: new\.anna@example\.org\r?$/m);
}

async function checkMarkup(system: TestSystem) {
  const name = '<script>alert(1)</script>"&\'\u202egnp-exe\u2066';
  const anna = await system.customer({ topUp: 1_000, name });
  const letter = await letterOf(anna, await place(anna, 1_000));
  const mail = await received(system, letter.messageId);
  assert.doesNotMatch(mail.html, /<script/i);
  assert.match(
    mail.html,
    /<bdi>&lt;script&gt;alert\(1\)&lt;\/script&gt;&quot;&amp;&#39;gnp-exe<\/bdi>/,
  );
  assert.match(mail.text, /Здравствуйте, <script>alert\(1\)<\/script>"&'gnp-exe!/);
  for (const part of [mail.subject, mail.text, mail.html, mail.source]) {
    assert.doesNotMatch(part, /[\u202a-\u202e\u2066-\u2069]/);
  }
}

async function checkLineBreaks(system: TestSystem) {
  const anna = await system.customer();
  const good = { email: 'ann@example.com', name: 'Ann', locale: 'en' };
  for (const [member, value] of [
    ['name', 'Ann\r\nBcc: evil@e.test'],
    ['name', 'Ann\nX'],
    ['name', 'Ann\u2028X'],
    ['name', 'Ann\u0000'],
    ['email', 'ann@example.com\r\nRCPT TO:<evil@e.test>'],
    ['email', 'ann@example.com, evil@e.test'],
    ['email', '"Ann <evil@e.test>"@example.com'],
  ] as const) {
    const changed = { ...good, [member]: value };
    const put = await anna.call('PUT', '/v1/profile', changed);
    assertProblem(put, 400, 'invalid-request');
    assert.equal(placeOf(put.body.errors[0].pointer), `/${member}`, value);
    const registration = await call(system.url, 'POST', '/v1/registrations', {
      body: { ...changed, password: 'correct horse battery' },
    });
    assert.equal(registration.status, 400, value);
  }
  assert.equal((await anna.call('GET', '/v1/profile')).body.email, anna.email);
}
