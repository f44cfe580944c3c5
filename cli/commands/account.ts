import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Command, Option } from 'commander';
import type { Locale } from '#contracts/common.ts';
import { readProfile, readWallet, register, replaceProfile, signIn } from '#contracts/gateway.ts';
import type { Profile } from '#contracts/profiles.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { homeFolder } from '../client/running-system.ts';
import { type Role, saveSession, sessionsFile } from '../client/sessions.ts';
import type { Shell } from '../terminal/command-context.ts';
import type { Declaring } from '../terminal/command-registrar.ts';
import { askPassword } from '../terminal/password.ts';
import { facts } from '../terminal/screen.ts';

/** The account that the default set-up makes for the operator (dev/system/system.ts). */
export const OPERATOR_EMAIL = 'operator@localhost.localdomain';

interface ProfileChanges {
  name?: string;
  email?: string;
  letters?: Locale;
}

/** Accounts, sessions and profiles. */
export function addAccountCommands(
  program: Command,
  { say, run, runAs, example }: Declaring & { runAs: (role: Role) => Declaring['run'] },
): void {
  const letters = () =>
    new Option('--letters <language>', say('optionLetters')).choices(['ru', 'en']);

  example(
    program
      .command('register')
      .description(say('register'))
      .argument('<email>', say('argEmail'))
      .requiredOption('--name <name>', say('optionName'))
      .option('--password <password>', say('optionPassword'))
      .addOption(letters())
      .action(run(registerAndSignIn)),
    'register anna@example.com --name Анна',
  );

  example(
    program
      .command('login')
      .description(say('login'))
      .argument('[email]', say('argEmail'))
      .option('--password <password>', say('optionPassword'))
      .option('--operator', say('optionOperator'))
      .action((...args: unknown[]) => {
        const { operator } = args[1] as { operator?: true };
        return runAs(operator ? 'operator' : 'customer')(logIn)(...args);
      }),
    'login anna@example.com',
    'login --operator',
  );

  example(
    program
      .command('logout')
      .description(say('logout'))
      .option('--operator', say('operator'))
      .action((...args: unknown[]) => {
        const { operator } = args[0] as { operator?: true };
        return runAs(operator ? 'operator' : 'customer')(logOut)(...args);
      }),
    'logout',
  );

  example(
    program
      .command('profile')
      .alias('whoami')
      .description(say('profile'))
      .option('--email <address>', say('optionEmail'))
      .option('--name <name>', say('optionName'))
      .addOption(letters())
      .action(run(showProfile)),
    'profile',
    'profile --email anna@example.org',
  );
}

async function registerAndSignIn(
  shell: Shell,
  { name, letters, password: given }: ProfileChanges & { name: string; password?: string },
  email: string,
) {
  const password = given ?? (await ask(shell, email));
  const answer = await shell.call(register, {
    body: { email, password, name, locale: letters ?? shell.language },
  });
  const until = await openSession(shell, email, password);
  shell.show(answer.text, () =>
    [shell.say('registered', email), shell.say('signedIn', email, until.moment)].join('\n'),
  );
  return undefined;
}

async function logIn(
  shell: Shell,
  { password: given, operator }: { password?: string; operator?: true },
  address: string | undefined,
) {
  const email = address ?? (operator ? OPERATOR_EMAIL : undefined);
  if (email === undefined) throw new CliError(EXIT.usage, shell.say('emailNeeded'));
  const ofCheckout = operator && address === undefined;
  const password = given ?? (await (ofCheckout ? operatorPassword(shell) : ask(shell, email)));
  const { text, moment } = await openSession(shell, email, password);
  shell.show(text, () => shell.say('signedIn', email, moment));
  return undefined;
}

/** Signs in and keeps the token. */
async function openSession(shell: Shell, email: string, password: string) {
  const { body, text } = await shell.call(signIn, { body: { email, password } });
  const expiresAt = new Date(Date.now() + body.expiresIn * 1_000).toISOString();
  const session = { email, token: body.accessToken, expiresAt };
  const wallet = await shell.call(readWallet, { token: body.accessToken });
  const { currency } = wallet.body.balance;
  await saveSession(sessionsFile(), shell.url, shell.role, { ...session, currency });
  return { text, moment: shell.moment(expiresAt) };
}

async function ask(shell: Shell, email: string): Promise<string> {
  const password = await askPassword(shell.say('askPassword', email));
  if (!password) throw new CliError(EXIT.usage, shell.say('noPassword'));
  return password;
}

/** What the first start of the default set-up left in its data folder. */
async function operatorPassword(shell: Shell): Promise<string> {
  const file = join(homeFolder(), 'operator-password');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (!['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new CliError(EXIT.usage, shell.say('noOperatorPassword', file));
  }
}

async function logOut(shell: Shell) {
  await saveSession(sessionsFile(), shell.url, shell.role, null);
  shell.show('null', () => shell.say('signedOut', shell.url));
  return undefined;
}

async function showProfile(shell: Shell, changes: ProfileChanges) {
  const { email, name, letters: locale } = changes;
  let answer = await shell.call(readProfile);
  if ([email, name, locale].some((value) => value !== undefined)) {
    const etag = answer.headers.get('etag');
    const { customerId: _own, ...present } = answer.body;
    answer = await shell.call(replaceProfile, {
      // Nothing that somebody else has changed meanwhile is overwritten.
      headers: etag === null ? {} : { 'if-match': etag },
      body: {
        ...present,
        ...(email !== undefined && { email }),
        ...(name !== undefined && { name }),
        ...(locale !== undefined && { locale }),
      },
    });
  }
  shell.show(answer.text, () => profileText(shell, answer.body));
  return undefined;
}

function profileText(shell: Shell, { customerId, name, email, locale }: Profile): string {
  return facts(shell, [
    [shell.say('customer'), customerId],
    [shell.say('name'), name],
    [shell.say('email'), email],
    [shell.say('lettersIn'), locale],
  ]);
}
