import assert from 'node:assert/strict';
import { test } from 'node:test';
import { textsIn } from '../texts/messages.ts';
import { localMoment, type Screen, widthOf } from './screen.ts';
import { type Column, facts, table } from './table.ts';
import { cutTo, displayWidth, wrapTo } from './width.ts';

/** Marks what would be coloured. */
const screenOf = (width: number): Screen => ({
  say: textsIn('en'),
  money: String,
  moment: (text) => text,
  duration: String,
  paint: (_colour, text) => text,
  width,
  print: () => {},
});

interface Item {
  name: string;
  amount: string;
  id: string;
}

const columnsOf = (fit: 'wide' | 'below'): Column<Item>[] => [
  { head: 'name', cell: (_, { name }) => name, fit: 'cut' },
  { head: 'total', cell: (_, { amount }) => amount, right: true },
  { head: 'headId', cell: (_, { id }) => id, fit },
];
const ID = '0198c0de-0000-7000-8000-000000000000';
const ITEMS: Item[] = [
  { name: 'Tea', amount: '5.00', id: ID },
  { name: 'A name that goes on and on until nobody reads it any more', amount: '1 000.00', id: ID },
];

test('a list has heads, and columns as wide as their texts where the line is long enough', () => {
  assert.equal(
    table(screenOf(80), columnsOf('below').slice(1), ITEMS),
    `   Total  ID\n    5.00  ${ID}\n1 000.00  ${ID}`,
  );
});

test('a short line leaves a column out or moves it below, and cuts texts', () => {
  const wide = table(screenOf(40), columnsOf('wide'), ITEMS).split('\n');
  assert.deepEqual(wide, [
    'Name                               Total',
    'Tea                                 5.00',
    'A name that goes on and on un…  1 000.00',
  ]);
  const below = table(screenOf(44), columnsOf('below'), ITEMS).split('\n');
  assert.deepEqual([below.length, below[2], below[4]], [5, `  ID: ${ID}`, `  ID: ${ID}`]);
  for (const width of [44, 60, 80, 100]) {
    for (const fit of ['wide', 'below'] as const) {
      const lines = table(screenOf(width), columnsOf(fit), ITEMS).split('\n');
      assert.ok(
        lines.every((line) => displayWidth(line) <= width),
        `${width} ${fit}`,
      );
    }
  }
});

test('facts go on below their value', () => {
  const text = facts(screenOf(30), [
    ['Reason', '550 5.7.1 the message was blocked by a rule'],
    ['To', ''],
  ]);
  assert.equal(text, 'Reason  550 5.7.1 the message\n        was blocked by a rule\nTo');
});

test('wide, combining and invisible characters count as a terminal shows them', () => {
  for (const [text, width] of [
    ['Чай', 3],
    ['e\u0301', 1],
    ['日本', 4],
    ['ｶﾅ', 2],
    ['한글', 4],
    ['👍🏽', 2],
    ['👨‍👩‍👧', 2],
    ['❤️', 2],
    ['₽ № → × …', 9],
    ['１', 2],
  ] as const) {
    assert.equal(displayWidth(text), width, text);
  }
  assert.equal(cutTo('日本語の本', 6), '日本…');
  assert.equal(cutTo('Книга', 5), 'Книга');
  assert.deepEqual(wrapTo('日本語 abcdefgh', 5), ['日本', '語', 'abcde', 'fgh']);
});

test('a moment is ISO 8601 with the offset of the time zone', (t) => {
  const { TZ } = process.env;
  t.after(() => {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  });
  for (const [zone, text] of [
    ['Europe/Moscow', '2026-11-29 18:20:05+03:00'],
    ['UTC', '2026-11-29 15:20:05+00:00'],
    ['America/St_Johns', '2026-11-29 11:50:05-03:30'],
    ['Pacific/Kiritimati', '2026-11-30 05:20:05+14:00'],
  ] as const) {
    process.env.TZ = zone;
    assert.equal(localMoment('2026-11-29T15:20:05.999Z'), text);
  }
});

test('the width is that of the terminal or of COLUMNS, and never below 80', () => {
  assert.equal(widthOf(undefined, undefined), 80);
  assert.equal(widthOf(60, undefined), 80);
  assert.equal(widthOf(200, '90'), 200);
  assert.equal(widthOf(undefined, '120'), 120);
  assert.equal(widthOf(undefined, 'wide'), 80);
});
