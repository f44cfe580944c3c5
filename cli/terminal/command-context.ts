// terminal/: input and output of commands. It needs client/ and texts/.

import { setTimeout as sleep } from 'node:timers/promises';
import type { SessionTokens } from '#contracts/identity.ts';
import { UUID } from '#contracts/patterns.ts';
import { printable } from '#platform/values/printable.ts';
import { PROGRAM } from '#platform/values/program.ts';
import type { Api, OperationId } from '../client/api.ts';
import { ApiError, CliError, EXIT } from '../client/exit-codes.ts';
import { defaultUrl } from '../client/running-system.ts';
import {
  findSession,
  type Role,
  type Session,
  saveSession,
  sessionsFile,
} from '../client/sessions.ts';
import { type Language, type Say, textsIn } from '../texts/messages.ts';
import { clearScreen, printError, printJson } from './output.ts';
import { createScreen, type Screen } from './screen.ts';

/** An id for examples. */
export const SOME_ID = '0198c0de-0000-7000-8000-000000000000';
/** An order number for examples: that of the id. */
export const SOME_NUMBER = '55H7E-60000';

/** A command as it can be pasted into a shell. */
export function commandLine(words: readonly string[]): string {
  return [PROGRAM, ...words.map(quoted)].join(' ');
}

/**
 * POSIX quoting: everything between single quotes is taken as it is. Characters that a terminal
 * does not show are escapes between `$'` and `'`, which most shells read.
 */
function quoted(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (printable(word) === word) return `'${word.replaceAll("'", "'\\''")}'`;
  const escaped = printable(word.replace(/['\\]/g, '\\$&'));
  return `$'${escaped.replace(/\\u\{(\w+)\}/g, (_, code) => `\\U${code.padStart(8, '0')}`)}'`;
}

/** Options that every command has. */
export interface CommonOptions {
  url: string;
  lang: Language;
  json?: true;
}

/** Everything that a command works with. */
export interface CommandContext extends Screen {
  /** Base URL, without a slash at its end. */
  url: string;
  language: Language;
  role: Role;
  session: Session | undefined;
  /** The token of the stored session, renewed where it has expired. @throws CliError */
  sessionToken: () => Promise<string>;
  call: Api['call'];
  /** The wallet's currency; RUB before the first sign-in. */
  currency: string;
  json: boolean;
  /** Prints the API's answer with `--json`, otherwise a text. */
  show: (json: string, human: () => string) => void;
  /** A command to paste, with the same `--url`. */
  again: (...words: string[]) => string;
}

const CURRENCY_DEFAULT = 'RUB';
// The token must still be valid when the API reads it.
const RENEW_BEFORE_MS = 2_000;

/** @throws CliError for an invalid URL */
export async function openContext(options: CommonOptions, role: Role): Promise<CommandContext> {
  const say = textsIn(options.lang);
  const url = baseUrlOf(options.url, say);
  const screen = createScreen(options.lang, say);
  const file = sessionsFile();
  const session = await findSession(file, url, role);
  const again = (...words: string[]) =>
    commandLine(isDefaultUrl(options.url) ? words : [...words, '--url', options.url]);
  const signedOut = (text: 'notSignedIn' | 'expired') =>
    new CliError(EXIT.signedOut, say(text, url, again('login', loginWord(role, session))));
  const sessionToken = () =>
    tokenOf(session, {
      signedOut,
      call: api.call,
      save: (renewed) => saveSession(file, url, role, renewed),
    });
  // Help and mistakes of a call need no client, which takes time to load.
  const { createApi } = await import('../client/api.ts');
  const api = createApi({
    url,
    language: options.lang,
    token: () => process.env.ORDERBELL_TOKEN?.trim() || sessionToken(),
    onRepeat: () => printError(say('repeating')),
    unreachable: (cause) => say('unreachable', url, cause),
    unexpected: (status) => say('unexpected', url, status),
    maybeDone: (operation) => maybeDone(operation, say, again),
  });
  const json = options.json === true;
  return {
    ...screen,
    url,
    language: options.lang,
    role,
    session,
    sessionToken,
    json,
    again,
    currency: session?.currency ?? CURRENCY_DEFAULT,
    call: api.call,
    show: (text, human) => (json ? printJson(text) : screen.print(human())),
  };
}

const WEBHOOKS_SENT: OperationId[] = ['sendTestWebhook', 'replayWebhooks', 'redeliverOne'];

/** What to do about a write whose outcome is unknown: not every one may just be repeated. */
function maybeDone(
  operation: OperationId,
  say: Say,
  again: CommandContext['again'],
): string | null {
  if (operation === 'signIn') return null;
  const webhooks = (...words: string[]) => again('operator', 'webhooks', ...words);
  if (operation === 'addWebhookEndpoint') {
    return say('maybeAdded', webhooks('list'), webhooks('rotate', SOME_ID));
  }
  if (operation === 'rotateEndpointSecret') return say('maybeRotated');
  return say(WEBHOOKS_SENT.includes(operation) ? 'maybeDelivered' : 'maybeDone');
}

const isDefaultUrl = (url: string): boolean => url === defaultUrl();

function baseUrlOf(text: string, say: Say): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new CliError(EXIT.usage, say('badUrl', text));
  }
  return (url.origin + url.pathname).replace(/\/+$/, '');
}

function loginWord(role: Role, session: Session | undefined): string {
  return role === 'operator' ? '--operator' : (session?.email ?? 'anna@example.com');
}

interface Renewing {
  signedOut: (text: 'notSignedIn' | 'expired') => CliError;
  call: Api['call'];
  save: (renewed: Session) => Promise<void>;
}

/** The session's token. One that has expired is renewed, and stored for the next command. */
async function tokenOf(
  session: Session | undefined,
  { signedOut, call, save }: Renewing,
): Promise<string> {
  if (session === undefined) throw signedOut('notSignedIn');
  if (Date.parse(session.expiresAt) > Date.now() + RENEW_BEFORE_MS) return session.token;
  const { refreshToken } = session;
  if (refreshToken === undefined) {
    if (Date.parse(session.expiresAt) > Date.now()) return session.token;
    throw signedOut('expired');
  }
  try {
    const { body } = await call('renewSession', { body: { refreshToken } });
    // In place: a command may wait longer than the token lives.
    Object.assign(session, sessionPartOf(body));
    await save(session);
    return session.token;
  } catch (error) {
    const isOver = error instanceof ApiError && error.problem.code === 'session-ended';
    throw isOver ? signedOut('expired') : error;
  }
}

/** The members of a session that tokens give. */
export function sessionPartOf({ accessToken, refreshToken, expiresIn }: SessionTokens) {
  return {
    token: accessToken,
    ...(refreshToken !== undefined && { refreshToken }),
    expiresAt: new Date(Date.now() + expiresIn * 1_000).toISOString(),
  };
}

/** @throws CliError unless the text is a UUID */
export function checkedId(context: CommandContext, id: string): string {
  if (!UUID.test(id)) throw new CliError(EXIT.usage, context.say('badId', id, SOME_ID));
  return id;
}

/** Several answers as one JSON array. */
export function jsonArray(texts: string[]): string {
  return `[${texts.map((text) => text.trim()).join(',')}]`;
}

const WATCH_INTERVAL_MS = 500;

/**
 * Refreshes a view: on a terminal in place, elsewhere it prints each change.
 * @param look reads the view, and whether it is the last one
 */
export async function watch(
  screen: Screen,
  look: () => Promise<{ view: string; last: boolean }>,
): Promise<void> {
  let shown: string | undefined;
  for (;;) {
    const { view, last } = await look();
    if (view !== shown) {
      clearScreen();
      screen.print(view);
      shown = view;
    }
    if (last) return;
    await sleep(WATCH_INTERVAL_MS);
  }
}
