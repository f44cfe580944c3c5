import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** A system can have a customer's and the operator's session at the same time. */
export type Role = 'customer' | 'operator';

export interface Session {
  email: string;
  token: string;
  /** Renews the session, once; absent from earlier versions. */
  refreshToken?: string;
  /** Of the token, RFC 3339. */
  expiresAt: string;
  /** The wallet's currency: the default of amounts. */
  currency: string;
}

/** By base URL, then by role. */
type Sessions = Record<string, Partial<Record<Role, Session>>>;

/** The file of the sessions: `$XDG_CONFIG_HOME` or `~/.config`, then `orderbell/sessions.json`. */
export function sessionsFile(env: NodeJS.ProcessEnv = process.env): string {
  const folder = env.XDG_CONFIG_HOME?.trim() || join(homedir(), '.config');
  return join(folder, 'orderbell', 'sessions.json');
}

/** @throws Error when the file exists and cannot be read */
export async function findSession(
  file: string,
  url: string,
  role: Role,
): Promise<Session | undefined> {
  return (await readSessions(file))[url]?.[role];
}

/** Stores a session, or removes it for null. Other sessions of the file stay. */
export async function saveSession(
  file: string,
  url: string,
  role: Role,
  session: Session | null,
): Promise<void> {
  const all = await readSessions(file);
  const { [role]: _former, ...others } = all[url] ?? {};
  all[url] = session === null ? others : { ...others, [role]: session };
  if (Object.keys(all[url]).length === 0) delete all[url];
  await replaceFile(file, `${JSON.stringify(all, null, 2)}\n`);
}

async function readSessions(file: string): Promise<Sessions> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as Sessions;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new Error(`${file}: ${(error as Error).message}`, { cause: error });
  }
}

/** Replaces the file atomically; it holds tokens, so other users cannot read it. */
async function replaceFile(file: string, text: string): Promise<void> {
  const folder = dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
  const draft = `${file}.new-${process.pid}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flush: true });
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
