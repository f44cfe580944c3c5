import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Profile } from '#contracts/profiles.ts';
import { eventually } from '#harness/eventually.ts';
import { textOfMail } from '#harness/oracle/mail-text.ts';
import { contactOf, SENDER, startLetterBench } from '#harness/system/letter-workers.ts';
import { newLetter } from '#harness/system/new-letter.ts';
import { letterOf } from '../api/letter-view.ts';
import { insertLetters } from '../inbox/inbox-store.ts';
import type { OrderItems } from '../letter/letter-items.ts';
import { eraseLetters } from '../privacy/erasure-store.ts';
import type { LetterWorkerOptions } from './worker.ts';

const ORDER = '0199a3c2-77aa-7c1e-9d3a-5f0b2c4d6e8f';
const SHOP = { ...SENDER, publicUrl: 'https://shop.example' };

function itemsNamed(name: string, count = 1): OrderItems {
  const unitPrice = { amount: 50_000, currency: 'RUB' };
  return { orderId: ORDER, items: { first: [{ name, quantity: 1, unitPrice }], count } };
}

/** Looks up contacts and items, and counts the look-ups of items. */
function lookUps(contact: () => Partial<Profile>, items: () => OrderItems) {
  let asked = 0;
  return {
    asked: () => asked,
    options: {
      sender: SHOP,
      lookUpContacts: async (ids: string[]) =>
        new Map(ids.map((id) => [id, { ...contactOf(id), ...contact() }])),
      async lookUpItems(ids: string[]) {
        asked += 1;
        return new Map(ids.map((id) => [id, { ...items(), orderId: id }]));
      },
    } satisfies Partial<LetterWorkerOptions>,
  };
}

type Bench = Awaited<ReturnType<typeof startLetterBench>>;

async function insert(bench: Bench, templateVersion = 2): Promise<string> {
  const row = newLetter({ customerId: 'anna', orderId: ORDER });
  await insertLetters(bench.database, [row], null, templateVersion);
  return row.id;
}

const rawTexts = ({ server }: Bench) =>
  server.messages.map(({ raw }) => textOfMail(raw.toString('latin1')));

test('a letter that goes again is the same to the last byte, whatever changed meanwhile', async (t) => {
  const bench = await startLetterBench(t, [{ at: 'dot', do: 'accept-and-drop' }]);
  let round = 0;
  const { options, asked } = lookUps(
    () => ({ timeZone: round === 0 ? 'Asia/Yekaterinburg' : 'Asia/Tokyo' }),
    () => itemsNamed(round++ === 0 ? 'Чай' : 'Кофе'),
  );
  const id = await insert(bench);
  bench.worker(options);
  const row = await bench.until(id, 'sent', 2);
  const [first, second] = bench.server.messages;
  assert.deepEqual(first?.raw, second?.raw);
  assert.equal(asked(), 1);
  const [text = ''] = rawTexts(bench);
  assert.match(text, /Чай: 1 × 500.₽ = 500.₽/);
  assert.match(text, /22 ноября 2026 г\. в 23:30 \(Екатеринбург, стандартное время\)/);
  assert.ok(text.includes(`https://shop.example/orders/${ORDER}`));
  // The customer and the operator see what was sent.
  const shown = letterOf(row, SHOP);
  assert.ok(text.includes(shown.text as string));
});

test('a letter to an unconfirmed address shows no items, and nobody is asked for them', async (t) => {
  const bench = await startLetterBench(t);
  const { options, asked } = lookUps(
    () => ({ emailConfirmed: false, timeZone: 'Asia/Tokyo' }),
    () => itemsNamed('Visit evil.example'),
  );
  bench.worker({ ...options, confirmAddresses: true });
  await bench.until(await insert(bench), 'sent', 1);
  const [text = ''] = rawTexts(bench);
  assert.doesNotMatch(text, /evil|× /);
  assert.match(text, /Здравствуйте!/);
  assert.match(text, /\(Япония, стандартное время\)/);
  assert.equal(asked(), 0);
});

test('while orders are away a letter waits and says why; letters of version 1 do not ask them', async (t) => {
  const bench = await startLetterBench(t);
  let away = true;
  const { options } = lookUps(
    () => ({}),
    () => itemsNamed('Чай', 23),
  );
  bench.worker({
    ...options,
    async lookUpItems(ids) {
      if (away) throw new Error('no answer');
      return options.lookUpItems(ids);
    },
  });
  await bench.until(await insert(bench, 1), 'sent', 1);
  const id = await insert(bench);
  // Attempts go on meanwhile, so their number says nothing.
  await eventually('an attempt that says why', async () => {
    const { state, attempts } = await bench.letter(id);
    return state !== 'sent' && attempts.some(({ error }) => error === 'orders: no answer');
  });
  away = false;
  await eventually('it is sent', async () => (await bench.letter(id)).state === 'sent');
  const [first = '', second = ''] = rawTexts(bench);
  assert.doesNotMatch(first, /Чай|shop\.example/);
  assert.match(second, /и ещё позиций: 22/);
});

test('an erased customer’s letter keeps neither items nor time zone', async (t) => {
  const bench = await startLetterBench(t);
  const { options } = lookUps(
    () => ({ timeZone: 'Asia/Tokyo' }),
    () => itemsNamed('Чай'),
  );
  bench.worker(options);
  const id = await insert(bench);
  await bench.until(id, 'sent', 1);
  assert.deepEqual((await bench.letter(id)).details, {
    timeZone: 'Asia/Tokyo',
    items: itemsNamed('Чай').items,
  });
  await bench.database.transaction((tx) => eraseLetters(tx, 'anna', null));
  assert.equal((await bench.letter(id)).details, null);
});

test('a letter of a template that is gone still shows in lists, and says what to put back', async (t) => {
  const bench = await startLetterBench(t);
  const own = { 1005: () => ({ subject: 's', text: 't', html: 'h' }) };
  const { options } = lookUps(
    () => ({}),
    () => itemsNamed('Чай'),
  );
  bench.worker({ ...options, sender: { ...SHOP, templates: own } });
  const row = await bench.until(await insert(bench, 1_005), 'sent', 1);
  assert.equal(letterOf(row, { ...SHOP, templates: own }).subject, 's');
  const { subject, text, reason } = letterOf(row, SHOP);
  assert.deepEqual([subject, text], [null, null]);
  assert.match(reason ?? '', /1005: put the folder 1005 back into LETTER_TEMPLATES/);
});
