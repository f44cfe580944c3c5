import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Command } from 'commander';
import { OPERATOR_EMAIL } from '#dev/system/system.ts';
import { temporaryCli } from '#harness/system/cli.ts';
import { OPERATOR_EMAIL as OURS } from './commands/account.ts';
import { createProgram } from './program.ts';
import { commandLine } from './terminal/command-context.ts';
import { languageOfEnvironment } from './texts/messages.ts';

test('without arguments it shows a tour of five commands, in the language asked for', async (t) => {
  const cli = await temporaryCli(t);
  const russian = await cli.run();
  assert.equal(russian.code, 0);
  assert.match(russian.stdout, /Пять команд/);
  const commands = [...russian.stdout.matchAll(/^ {2}npm run orderbell -- (\S+)/gm)];
  assert.deepEqual(
    commands.map(([, name]) => name),
    ['register', 'top-up', 'order', 'letters', 'journey'],
  );
  const english = await cli.runWith({ env: { LANG: 'C' } });
  assert.match(english.stdout, /Five commands/);
});

test('the help names every exit code and variable, in both languages', async (t) => {
  const cli = await temporaryCli(t);
  for (const language of ['ru', 'en']) {
    const { code, stderr, stdout } = await cli.run('--help', '--lang', language);
    assert.deepEqual([code, stderr], [0, '']);
    for (const number of [0, 1, 2, 3, 4, 5, 6]) {
      assert.match(stdout, new RegExp(`(^| ) ${number} [a-zа-я]`, 'm'));
    }
    assert.match(stdout, /ORDERBELL_URL[\s\S]*ORDERBELL_TOKEN/);
    assert.match(stdout, language === 'ru' ? /^Команды:$/m : /^Commands:$/m);
  }
});

test('help names a command in a group, and fits 80 columns', async (t) => {
  const cli = await temporaryCli(t);
  const settle = await cli.run('help', 'operator', 'settle');
  assert.deepEqual([settle.code, settle.stderr], [0, '']);
  assert.match(settle.stdout, /^Вызов: .* operator settle \[options\] <order>$/m);
  for (const language of ['ru', 'en']) {
    const { stdout } = await cli.run('operator', '--help', '--lang', language);
    const isLong = (line: string) => line.length > 80 && !line.startsWith('  npm run');
    assert.deepEqual(stdout.split('\n').filter(isLong), []);
  }
});

test('every command has an example and a description of each option and argument', async () => {
  const program = await createProgram('ru', ['operator'], () => async () => {});
  const commandsOf = (command: Command): Command[] => [
    command,
    ...command.commands.flatMap(commandsOf),
  ];
  const [, ...all] = commandsOf(program);
  assert.ok(all.length > 20);
  for (const command of all) {
    let help = '';
    command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
    const examples = help.slice(help.indexOf('Пример:'));
    assert.match(examples, new RegExp(`orderbell -- .*${command.name()}`), command.name());
    const described = [...command.options, ...command.registeredArguments].map(
      ({ description }) => description,
    );
    assert.ok([command.description(), ...described].every(Boolean), command.name());
  }
});

const wrong: [words: string[], says: RegExp][] = [
  [['ordr'], /неизвестная команда 'ordr'\s+\(может быть, order\?\)/],
  [['operator', 'overvew'], /может быть, overview/],
  [['operator', 'undo-top-up', 'a', 'b'], /не указан параметр '--reason <text>'/],
  [['order'], /не указан аргумент 'item'/],
  [['order', 'Книга'], /«Книга»: нет цены/],
  [['order', 'Книга:0@5', 'Чай@пять'], /«Книга:0@5»: количество[\s\S]*«Чай@пять»: неверная цена/],
  [['order', 'Чай@1.005'], /в валюте RUB их не больше 2/],
  [['order', 'Чай@1', '--key', 'два слова'], /--key/],
  [['order', 'Чай@1', '--wait', 'long'], /--wait/],
  [['top-up', 'много'], /«много» не подходит\. Введите сумму цифрами/],
  [['top-up', '0'], /больше нуля/],
  [['order', 'Blade Runner: 2049@3'], /"Blade Runner: 2049:x1@3"[\s\S]*"Blade Runner:x2049@3"/],
  [['top-up', '1.000'], /Слишком много знаков/],
  [['top-up', '1,000', '--currency', 'KWD'], /введите 1000 или 1\.000/],
  [['top-up', '5', '--currency', 'rub'], /--currency/],
  [['top-up', '5', '--currency', 'XYZ'], /--currency/],
  [['orders', '--status', 'paid'], /Допустимо: Pending, Paid, Cancelled/],
  [['orders', '--limit', '101'], /--limit/],
  [['show', '17'], /«17» — не номер заказа\. Подойдут номер .* id \(0198c0de-/],
  [['login'], /Укажите адрес почты/],
  [['operator', 'redrive'], /--all/],
  [['operator', 'resend'], /либо письма, либо условие/],
  [['operator', 'resend', 'a', '--all'], /либо письма, либо условие/],
  [['operator', 'settle', 'a'], /не указан параметр '--reason <text>'/],
  [['operator', 'settle', 'a', '--reason', ' '], /от 1 до 200 символов/],
  [['operator', 'letter', 'acknowledge', '--reason', 'x'], /не указан аргумент 'letter'/],
  [['operator', 'dead-letter', 'discard', '17', '--reason', 'x'], /«17» — не id/],
  [['operator', 'orders', '--min', 'много'], /«много» не подходит/],
  [['operator', 'orders', '--csv', '--json'], /--csv и --json/],
  [['operator', 'preview', 'a', '--template-version', '0'], /«0» — не версия шаблона/],
  [['completion', 'tcsh'], /^ошибка: 'tcsh' не подходит для 'shell'\. Допустимо: bash, zsh, fish/],
  [['operator', 'customers', '--confirmed', '--unconfirmed'], /ошибка: .* нельзя указать вместе/],
  [['operator', 'letters', '--acknowledged', '--unacknowledged'], /ошибка: .* нельзя указать/],
  [['operator', 'orders', '--min', '5', '--max', '1,5'], /--min 5 больше, чем --max 1,5/],
  [['operator', 'search', ' '], /Искать нечего/],
  [['operator', 'overview', '--watch', '--json'], /--watch и --json/],
  [['operator', 'webhooks', 'ad'], /может быть, add/],
  [['operator', 'webhooks', 'add', 'https://a.b'], /не указан параметр '--description <text>'/],
  [['operator', 'webhooks', 'replay', 'a', '--since', 'вчера'], /«вчера» — не дата/],
  [
    ['operator', 'webhooks', 'change', 'a', '--status', 'Pending'],
    /Допустимо: Paid, Cancelled, all/,
  ],
  [['wallet', '--url', 'ftp://127.0.0.1'], /«ftp:\/\/127\.0\.0\.1» — не адрес http/],
  [['wallet', '--colour'], /неизвестный параметр '--colour'/],
];

for (const [words, says] of wrong) {
  test(`wrong usage exits with 2 and says why: ${words.join(' ')}`, async (t) => {
    const { code, stderr, stdout } = await (await temporaryCli(t)).run(...words);
    assert.deepEqual([code, stdout], [2, '']);
    assert.match(stderr, says);
  });
}

test('a command without a session says how to sign in: 6', async (t) => {
  const cli = await temporaryCli(t);
  for (const [words, says] of [
    [['wallet'], /orderbell -- login anna@example\.com/],
    [['order', 'Чай@1'], /orderbell -- login/],
    [['operator', 'overview'], /orderbell -- login --operator/],
    [['operator', 'orders', '--csv'], /orderbell -- login --operator/],
    [['operator', 'webhooks', 'list'], /orderbell -- login --operator/],
  ] as const) {
    const { code, stderr, stdout } = await cli.run(...words);
    assert.deepEqual([code, stdout], [6, '']);
    assert.match(stderr, says);
  }
});

test('without an answer: 5, with the key and the command that repeats safely', async (t) => {
  // Port 9 is refused by fetch itself, another one by the machine.
  const cli = await temporaryCli(t, 'http://127.0.0.1:2');
  const env = { ORDERBELL_TOKEN: 'x' };
  const login = await cli.run('login', 'anna@example.com', '--password', 'correct horse');
  assert.equal(login.code, 5);
  assert.match(login.stderr, /Нет ответа от http:\/\/127\.0\.0\.1:2 .*--url .*ORDERBELL_URL/);
  const order = await cli.runWith({ env }, 'order', 'Чай и «печенье»@1', '--wait', '0', '--json');
  assert.deepEqual([order.code, order.stdout], [5, '']);
  assert.match(order.stderr, /orderbell -- order 'Чай и «печенье»@1' --key [0-9a-f-]{36}$/m);
  const topUp = await cli.runWith({ env }, 'top-up', '5', '--wait', '0', '--key', 'monday');
  assert.match(topUp.stderr, /orderbell -- top-up 5 --key monday$/m);
});

test('the language is that of LC_ALL, LC_MESSAGES or LANG, and English unless it is Russian', () => {
  assert.equal(languageOfEnvironment({ LANG: 'ru_RU.UTF-8' }), 'ru');
  assert.equal(languageOfEnvironment({ LANG: 'en_US.UTF-8', LC_MESSAGES: 'ru' }), 'ru');
  assert.equal(languageOfEnvironment({ LC_ALL: 'de_DE', LC_MESSAGES: 'ru_RU' }), 'en');
  assert.equal(languageOfEnvironment({ LC_ALL: 'ru_RU', LANG: 'en_US' }), 'ru');
  assert.equal(languageOfEnvironment({ LC_ALL: '', LC_MESSAGES: '', LANG: 'ru' }), 'ru');
  assert.equal(languageOfEnvironment({ LANG: 'C.UTF-8' }), 'en');
  assert.equal(languageOfEnvironment({ LANG: 'run_BI' }), 'en');
  assert.equal(languageOfEnvironment({}), 'en');
});

test('--version names the version and the Node that runs it', async (t) => {
  const { code, stderr, stdout } = await (await temporaryCli(t)).run('--version');
  assert.deepEqual([code, stderr], [0, '']);
  const file = join(import.meta.dirname, '..', 'package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8'));
  assert.equal(stdout, `orderbell ${version} (Node ${process.versions.node})\n`);
});

test('a command to paste survives a shell', () => {
  assert.equal(
    commandLine(['order', "Bob's tea@1", 'x@2']),
    "npm run orderbell -- order 'Bob'\\''s tea@1' x@2",
  );
});

test("the operator's address is the one that the set-up makes", () => {
  assert.equal(OURS, OPERATOR_EMAIL);
});
