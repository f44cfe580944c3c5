import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Locale } from '#contracts/common.ts';
import type { Profile } from '#contracts/profiles.ts';
import { dataFolder } from '#platform/values/program.ts';
import { CliError, EXIT } from '../client/exit-codes.ts';
import { saveSession, sessionsFile } from '../client/sessions.ts';
import { type CommandContext, sessionPartOf } from '../terminal/command-context.ts';
import type { CommandRegistrar } from '../terminal/command-registrar.ts';
import { askPassword } from '../terminal/password.ts';
import { facts } from '../terminal/table.ts';

/** The operator's account of `npm start` (dev/system/system.ts). */
export const OPERATOR_EMAIL = 'operator@localhost.localdomain';

interface ProfileChanges {
  name?: string;
  email?: string;
  letters?: Locale;
}

/** Accounts, sessions and profiles. */
export function addAccountCommands({ add, option }: CommandRegistrar): void {
  const letters = () => option('--letters <language>', 'optionLetters').choices(['ru', 'en']);
  const name = () => option('--name <name>', 'optionName');
  const password = () => option('--password <password>', 'optionPassword');
  const registerExamples = ['register anna@example.com --name Анна'];
  add('register <email>', 'register', registerAndSignIn, registerExamples, [
    name().makeOptionMandatory(),
    password(),
    letters(),
  ]);
  add(
    'login [email]',
    'login',
    logIn,
    ['login anna@example.com', 'login --operator'],
    [password(), option('--operator', 'optionOperator')],
  );
  add('logout', 'logout', logOut, ['logout'], [option('--operator', 'optionLogOutOperator')]);
  add(
    'profile',
    'profile',
    showProfile,
    ['profile', 'profile --email anna@example.org'],
    [option('--email <address>', 'optionEmail'), name(), letters()],
  ).alias('whoami');
}

async function registerAndSignIn(
  context: CommandContext,
  { name, letters, password: given }: ProfileChanges & { name: string; password?: string },
  email: string,
) {
  const password = given ?? (await ask(context, email));
  const answer = await context.call('register', {
    body: { email, password, name, locale: letters ?? context.language },
  });
  await openSession(context, email, password);
  context.show(answer.text, () =>
    [context.say('registered', email), context.say('signedIn', email)].join('\n'),
  );
}

async function logIn(
  context: CommandContext,
  { password: given, operator }: { password?: string; operator?: true },
  address: string | undefined,
) {
  const email = address ?? (operator ? OPERATOR_EMAIL : undefined);
  if (email === undefined) throw new CliError(EXIT.usage, context.say('emailNeeded'));
  const ofCheckout = operator && address === undefined;
  const password = given ?? (await (ofCheckout ? operatorPassword(context) : ask(context, email)));
  const text = await openSession(context, email, password);
  context.show(text, () => context.say('signedIn', email));
}

/** Signs in and stores the tokens. @returns the answer of the API */
async function openSession(
  context: CommandContext,
  email: string,
  password: string,
): Promise<string> {
  const { body, text } = await context.call('signIn', { body: { email, password } });
  const session = { email, ...sessionPartOf(body) };
  const wallet = await context.call('readWallet', { accessToken: body.accessToken });
  const { currency } = wallet.body.balance;
  await saveSession(sessionsFile(), context.url, context.role, { ...session, currency });
  return text;
}

async function ask(context: CommandContext, email: string): Promise<string> {
  const password = await askPassword(context.say('askPassword', email));
  if (!password) throw new CliError(EXIT.usage, context.say('noPassword'));
  return password;
}

/** The first `npm start` writes it to the data folder. */
async function operatorPassword(context: CommandContext): Promise<string> {
  const file = join(dataFolder(), 'operator-password');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    if (!['ENOENT', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw new CliError(EXIT.usage, context.say('noOperatorPassword', file));
  }
}

/** Ends the session at the API, and forgets it here in any case. */
async function logOut(context: CommandContext) {
  let isEnded = true;
  try {
    if (context.session !== undefined) {
      await context.call('signOut', { accessToken: await context.sessionToken() });
    }
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    // Any refusal means that the session is over already, or that an external issuer keeps it.
    isEnded = error.exitCode !== EXIT.noAnswer;
  }
  await saveSession(sessionsFile(), context.url, context.role, null);
  const text = isEnded ? 'signedOut' : 'signedOutHere';
  context.show('null', () => context.say(text, context.url));
}

async function showProfile(context: CommandContext, changes: ProfileChanges) {
  const { email, name, letters: locale } = changes;
  let answer = await context.call('readProfile');
  if ([email, name, locale].some((value) => value !== undefined)) {
    const etag = answer.headers.get('etag');
    const { customerId: _own, ...present } = answer.body;
    answer = await context.call('replaceProfile', {
      // So that a concurrent change is not overwritten.
      headers: etag === null ? {} : { 'if-match': etag },
      body: {
        ...present,
        ...(email !== undefined && { email }),
        ...(name !== undefined && { name }),
        ...(locale !== undefined && { locale }),
      },
    });
  }
  context.show(answer.text, () => profileText(context, answer.body));
}

function profileText(
  context: CommandContext,
  { customerId, name, email, locale }: Profile,
): string {
  return facts(context, [
    [context.say('customer'), customerId],
    [context.say('name'), name],
    [context.say('email'), email],
    [context.say('lettersIn'), locale],
  ]);
}
