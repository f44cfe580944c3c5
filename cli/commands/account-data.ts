import { open } from 'node:fs/promises';
import { printable } from '#platform/values/printable.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { findSession, saveSession, sessionsFile } from '../client/sessions.ts';
import type { CommandContext } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { askPassword } from '../terminal/password.ts';
import { confirm } from './customer.ts';
import { findOne } from './find-customer.ts';

// The gateway gives a large document this long.
const EXPORT_TIMEOUT_MS = 125_000;
const FILE_DEFAULT = 'orderbell-export.json';

/** The own data: a copy, and their erasure. */
export function addAccountDataCommands({ add, option }: CommandRegistrar): void {
  add('export [file]', 'exportData', exportOwn, ['account export my-data.json']);
  add(
    'erase',
    'eraseData',
    eraseOwn,
    ['account erase'],
    [option('--password <password>', 'optionPassword'), option('--yes', 'optionYes')],
  );
}

/** The same for the operator, who answers a customer's request. */
export function addCustomerDataCommands({ add, option }: CommandRegistrar): void {
  const email = 'anna@example.com';
  add('export <customer> [file]', 'exportCustomer', exportOf, [`operator export ${email}`]);
  add(
    'erase <customer>',
    'eraseCustomer',
    eraseOf,
    [`operator erase ${email} --reason "asked by letter"`],
    [
      option('--reason <text>', 'optionEraseReason').makeOptionMandatory(),
      option('--yes', 'optionYes'),
    ],
  );
  add('erasure <customer>', 'showErasure', showErasure, ['operator erasure <id>']);
}

async function exportOwn(context: CommandContext, _options: unknown, file: string | undefined) {
  const { text } = await context.call('exportAccount', { timeoutMs: EXPORT_TIMEOUT_MS });
  await keep(context, text, file);
}

async function exportOf(
  context: CommandContext,
  _options: unknown,
  customer: string,
  file: string | undefined,
) {
  const { customerId } = await findOne(context, customer);
  const request = { params: { customerId }, timeoutMs: EXPORT_TIMEOUT_MS };
  const { text } = await context.call('exportCustomer', request);
  await keep(context, text, file);
}

/** Never to the terminal: the texts of others in it could steer it. Other users cannot read it. */
async function keep(context: CommandContext, text: string, file = FILE_DEFAULT): Promise<void> {
  try {
    const handle = await open(file, 'wx', 0o600);
    await handle.writeFile(text);
    await handle.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CliError(EXIT.usage, context.say('fileExists', file));
  }
  context.show(JSON.stringify({ file }), () => context.say('exported', printable(file)));
}

async function eraseOwn(
  context: CommandContext,
  { password: given, yes }: { password?: string; yes?: true },
) {
  if (yes !== true) {
    const { balance } = (await context.call('readWallet')).body;
    await confirm(context, context.say('askErase', context.money(balance)));
  }
  const email = context.session?.email ?? '';
  const password = given ?? (await askPassword(context.say('askPassword', email)));
  if (!password) throw new CliError(EXIT.usage, context.say('noPassword'));
  const answer = await context.call('eraseAccount', {
    body: { confirm: 'erase my data', password },
  });
  await saveSession(sessionsFile(), context.url, context.role, null);
  context.show(answer.text, () => context.say('erasing'));
}

async function eraseOf(
  context: CommandContext,
  { reason, yes }: { reason: string; yes?: true },
  text: string,
) {
  const { customerId, name, email } = await findOne(context, text);
  if (yes !== true) await confirm(context, context.say('askEraseOf', name, email));
  const request = { params: { customerId }, body: { reason } };
  const answer = await context.call('requestCustomerErasure', request);
  // A session of the customer on this machine has the address.
  const session = await findSession(sessionsFile(), context.url, 'customer');
  if (session?.email === text) await saveSession(sessionsFile(), context.url, 'customer', null);
  context.show(answer.text, () => context.say('erasingOf', customerId));
}

async function showErasure(context: CommandContext, _options: unknown, customerId: string) {
  const answer = await context.call('readCustomerErasure', { params: { customerId } });
  const { state, waitsFor } = answer.body;
  context.show(answer.text, () => {
    if (state === 'done') return context.say('erased');
    return context.say('erasurePending', waitsFor === null ? '–' : context.say(WAITS[waitsFor]));
  });
}

const WAITS = {
  orders: 'waitsForOrders',
  letters: 'waitsForLetters',
  services: 'waitsForServices',
} as const;
