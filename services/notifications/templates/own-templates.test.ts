import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { LetterFacts } from '../letter/letter-facts.ts';
import { renderLetter } from '../letter/template.ts';
import { readOwnTemplates } from './own-templates.ts';
import { templatesOf, templatesRule } from './settings.ts';

const EXAMPLE = new URL('../../../docs/how-to/letter-templates/', import.meta.url).pathname;
const LOCALES = ['ru', 'en'] as const;
const ENDS = [
  { kind: 'happiness', reason: null },
  { kind: 'grief', reason: 'insufficient-funds' },
  { kind: 'grief', reason: 'voided' },
] as const;

function facts(changes: Partial<LetterFacts> = {}): LetterFacts {
  return {
    kind: 'grief',
    locale: 'en',
    name: 'Anna',
    orderId: '0199a3c2-77aa-7c1e-9d3a-5f0b2c4d6e8f',
    total: { amount: 50_050, currency: 'RUB' },
    reason: 'insufficient-funds',
    occurredAt: '2026-03-05T09:07:00.000Z',
    items: {
      first: [{ name: 'Tea', quantity: 2, unitPrice: { amount: 25_025, currency: 'RUB' } }],
      count: 3,
    },
    publicUrl: 'https://shop.example',
    ...changes,
  };
}

/** A copy of the example whose files can be changed. */
async function copyOfExample(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'letters-'));
  t.after(() => rm(folder, { recursive: true }));
  await cp(EXAMPLE, folder, { recursive: true });
  return { folder, write: (name: string, text: string) => writeFile(join(folder, name), text) };
}

test('the example of the guide renders every letter in both languages', () => {
  const { templates, faults } = readOwnTemplates(EXAMPLE);
  assert.deepEqual(faults, []);
  assert.deepEqual(Object.keys(templates), ['1000']);
  for (const locale of LOCALES) {
    for (const end of ENDS) {
      const letter = renderLetter(facts({ locale, ...end }), 1_000, templates);
      const said = `${letter.subject}\n${letter.text}\n${letter.html}`;
      assert.match(letter.subject, /592NQ-3XAR7/);
      assert.doesNotMatch(said, /\{\{|undefined|null|\[object/);
      assert.match(letter.text, /- Tea: 2 × /);
      assert.match(letter.html, /href="https:\/\/shop\.example\/orders\/0199a3c2/);
      assert.equal(letter.text.includes('/again'), end.kind === 'grief');
    }
  }
});

test('a letter without name, items and links leaves their sections out', () => {
  const { templates } = readOwnTemplates(EXAMPLE);
  const given = facts({ name: '', items: undefined, publicUrl: undefined });
  const { text } = renderLetter(given, 1_000, templates);
  assert.match(text, /^Hello!\n/);
  assert.doesNotMatch(text, /- |https:|more/);
});

const HOSTILE = '"><script>alert(1)</script>\r\nBcc: evil@e.test\u2028{{total}}\u202e\u0000\'&';

test('every variable is escaped in HTML, and one line in text and subject', async (t) => {
  const { folder, write } = await copyOfExample(t);
  const all =
    '{{customer}}|{{order}}|{{total}}|{{moment}}|{{orderUrl}}|{{againUrl}}|{{more}}|' +
    '{{#items}}{{name}}|{{quantity}}|{{price}}|{{sum}}{{/items}}';
  await write('1000/grief.en.subject.txt', all);
  await write('1000/grief.en.text.txt', all);
  await write('1000/grief.en.html', `<p title="${all}">${all}</p>`);
  const { templates, faults } = readOwnTemplates(folder);
  assert.deepEqual(faults, []);
  const hostile = facts({
    name: HOSTILE,
    orderId: HOSTILE,
    total: { amount: 1, currency: HOSTILE },
    items: {
      first: [{ name: HOSTILE, quantity: 1, unitPrice: { amount: 1, currency: HOSTILE } }],
      count: 2,
    },
  });
  const { subject, text, html } = renderLetter(hostile, 1_000, templates);
  for (const line of [subject, text]) {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: none may be left
    assert.doesNotMatch(line, /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202e]/);
    assert.equal(line.split('Bcc:').length - 1, 6, line);
  }
  // The values are in no tag but the one of the template, and cannot end its attribute.
  assert.deepEqual(html.match(/<[^>]*>/g)?.length, 2);
  assert.doesNotMatch(html, /<script/);
  assert.equal(html.split('"').length - 1, 2);
  assert.ok(html.includes('{{total}}'), 'a value is never read as a template');
});

test('all faults of the folder are reported at once, each with its file and line', async (t) => {
  const { folder, write } = await copyOfExample(t);
  await write(
    '1000/grief.en.html',
    '<p>\n{{{customer}}}\n{{&order}}</p>\n<a href={{orderUrl}}>x</a>',
  );
  await write('1000/grief.en.text.txt', 'Hello\n\n{{#items}}{{nmae}}{{/items}} {{name}}');
  await write('1000/grief.ru.text.txt', 'a\n{{#paid}}b');
  await write('1000/grief.ru.subject.txt', 'one\ntwo\n');
  await write('1000/grief.ru.html', '{{> header}}{{=<% %>=}}');
  await write('1000/happiness.fr.html', 'x');
  await rm(join(folder, '1000/happiness.ru.html'));
  await write('12', 'x');
  const { faults } = readOwnTemplates(folder);
  const short = faults.map((fault) => fault.replace(`${folder}/`, '').slice(0, 72)).sort();
  const places = short.map((fault) => fault.split(': ')[0]);
  assert.deepEqual(places, [
    '1000/grief.en.html:2',
    '1000/grief.en.html:3',
    '1000/grief.en.html:4',
    '1000/grief.en.text.txt:3',
    '1000/grief.en.text.txt:3',
    '1000/grief.ru.html:1',
    '1000/grief.ru.html:1',
    '1000/grief.ru.subject.txt:2',
    '1000/grief.ru.text.txt:2',
    '1000/happiness.fr.html',
    '1000/happiness.ru.html',
    '12',
  ]);
  assert.match(
    faults.join('\n'),
    /\{\{\{customer\}\}\} and \{\{&customer\}\} are not escaped; write/,
  );
  assert.match(faults.join('\n'), /there is no \{\{nmae\}\}; there are .*againUrl/);
});

test('the start names a folder that is missing, and a version that no template has', () => {
  const problems = (config: object) => templatesRule(config, () => true, {});
  assert.deepEqual(problems({ LETTER_TEMPLATES: '/nowhere', LETTER_TEMPLATE: 1 }), [
    'LETTER_TEMPLATES: /nowhere: the folder cannot be read (ENOENT)',
  ]);
  assert.deepEqual(problems({ LETTER_TEMPLATES: EXAMPLE, LETTER_TEMPLATE: 1_001 }), [
    'LETTER_TEMPLATE is 1001: there is no such template, only 1, 2, 1000',
  ]);
  assert.deepEqual(problems({ LETTER_TEMPLATES: EXAMPLE, LETTER_TEMPLATE: 1_000 }), []);
  assert.deepEqual(Object.keys(templatesOf(undefined).templates), ['1', '2']);
});

test('files that cannot be read end the start with their names, and none is waited for', async (t) => {
  const { folder, write } = await copyOfExample(t);
  const at = (name: string) => join(folder, '1000', name);
  await truncate(at('grief.en.html'), 2 ** 40);
  await writeFile(at('grief.ru.html'), Buffer.from([0x3c, 0xff, 0xfe]));
  await rm(at('grief.ru.text.txt'));
  execFileSync('mkfifo', [at('grief.ru.text.txt')]);
  await rm(at('happiness.en.html'));
  await symlink('/dev/zero', at('happiness.en.html'));
  await rm(at('happiness.ru.html'));
  await mkdir(at('happiness.ru.html'));
  await rm(at('happiness.ru.text.txt'));
  await symlink('happiness.ru.text.txt', at('happiness.ru.text.txt'));
  await write('1001', 'x');
  await symlink('nowhere', join(folder, '1002'));
  const { faults } = readOwnTemplates(folder);
  assert.deepEqual(
    faults.map((fault) => fault.replace(`${folder}/`, '')),
    [
      '1000/happiness.ru.text.txt: ELOOP',
      '1000/happiness.ru.html: this is no file',
      '1000/happiness.en.html: this is no file',
      '1000/grief.ru.text.txt: this is no file',
      '1000/grief.ru.html: it is no UTF-8',
      '1000/grief.en.html: it is larger than 262144 bytes',
      '1001: this is no folder',
      '1002: the folder cannot be read (ENOENT)',
    ],
  );
});

test('a value is refused where escaping would not hold it', async (t) => {
  const { folder, write } = await copyOfExample(t);
  const faultsOf = async (html: string) => {
    await write('1000/grief.en.html', html);
    const { faults } = readOwnTemplates(folder);
    return faults.map((fault) => fault.replace(/^.*html:/, ''));
  };
  const quotes = 'put the value of the attribute into double quotes';
  const cases: [html: string, ...faults: string[]][] = [
    ['<a href=https://x.example/{{customer}}>x</a>', `1: ${quotes}`],
    ['<a\n{{customer}}>x</a>', `2: ${quotes}`],
    ['<a title="x" {{#paid}}lang={{order}}{{/paid}}>x</a>', `1: ${quotes}`],
    ['<script>\nlet name = "{{customer}}";</script>', '2: <script> can hold no values'],
    ['<STYLE>p{content:"{{customer}}"}</STYLE>', '1: <style> can hold no values'],
    ['<a {{#paid}}class="paid"{{/paid}} title="{{order}}">{{customer}}</a>'],
    ['<p>it\'s 2 < 3 "{{total}}" a={{total}}</p><!-- <a {{order}} -->'],
    ['<style>p>a{color:red}</style><p title="a > {{order}}">{{total}}</p>'],
  ];
  for (const [html, ...faults] of cases) {
    assert.deepEqual(await faultsOf(html), faults, html);
  }
});
