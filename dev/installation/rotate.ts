import { existsSync } from 'node:fs';
import { readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs, parseEnv } from 'node:util';
import type { Environment } from '#platform/config/load-config.ts';
import { describeError } from '#platform/errors.ts';
import { print, printError } from '#platform/telemetry/print.ts';
import { freshName } from '../files/drafts.ts';
import { loadServices } from '../system/services.ts';
import { quoted } from './installation.ts';
import { type Changes, nextOf, type Rotation, rotationsOf, STEPS, type Step } from './rotation.ts';

// `npm run rotate`: replaces a key or secret of an installation without an outage.

const FOLDER = 'installation';

/** What was typed wrong, or cannot be done now. */
class RotateError extends Error {}

async function rotate(args: string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { out: { type: 'string', default: FOLDER } },
  });
  const [what, step, ...more] = positionals;
  const { file, env } = await readEnvironment(values.out);
  const services = (await loadServices()).filter(
    ({ name }) => name !== 'identity' || env.IDENTITY_DATABASE_URL !== undefined,
  );
  const rotations = rotationsOf(services);
  const rotation = rotations.get(what ?? '');
  const isStep = step === undefined || STEPS.some((each) => each === step);
  if (rotation === undefined || !isStep || more.length > 0) {
    throw new RotateError(usage([...rotations.keys()]));
  }
  const missing = rotation.settings.find((name) => env[name] === undefined);
  if (missing !== undefined) throw new RotateError(`${file} has no ${missing} to replace`);
  const folder = values.out === FOLDER ? '' : ` --out ${values.out}`;
  const command = (next: Step) => `npm run rotate -- ${what} ${next}${folder}`;
  const done = rotation.progressOf(env);
  if (step === undefined) return statusOf(rotation, done, command);
  const number = STEPS.indexOf(step as Step);
  if (number === done) {
    await apply(values.out, file, await rotation.change(step as Step, env));
  } else if (number !== (done + 2) % 3) {
    const due = STEPS[done] as Step;
    throw new RotateError(`${step} is not the next step of ${what}. First: ${command(due)}`);
  } else if (step === 'remove') {
    return `Nothing is left to remove: ${what} has one value. To replace it: ${command('add')}`;
  }
  return resultOf(rotation, number, command);
}

function usage(names: string[]): string {
  return `npm run rotate -- <${names.join('|')}> [${STEPS.join('|')}] [--out <folder>]

  Replaces a key or secret of an installation in three steps, with a restart after each:
  docs/how-to/rotate-secrets.md. Without a step it says which one is next.`;
}

async function readEnvironment(folder: string): Promise<{ file: string; env: Environment }> {
  const file = join(folder, '.env');
  if (!existsSync(file)) {
    throw new RotateError(`there is no ${file}: name the folder of new-installation with --out`);
  }
  return { file, env: parseEnv(await readFile(file, 'utf8')) };
}

function statusOf(rotation: Rotation, done: number, command: (step: Step) => string): string {
  if (done === 0) return `No rotation is under way. To begin: ${command('add')}`;
  return resultOf(rotation, done - 1, command);
}

function resultOf({ results }: Rotation, number: number, command: (step: Step) => string): string {
  const { done, restart } = results[STEPS[number] as Step];
  const next = STEPS[number + 1];
  return `Step ${number + 1} of 3 is done: ${done}.

Next: restart ${restart.join(', ')} with it, one replica after the other.
${next === undefined ? 'Then the rotation is complete.' : `When all of them run: ${command(next)}`}`;
}

/** Writes the files for containers first: `.env` says which steps are done. */
async function apply(folder: string, file: string, changes: Changes): Promise<void> {
  const secrets = join(folder, 'secrets');
  for (const [name, value] of Object.entries(changes)) {
    if (!existsSync(secrets) || name.endsWith(nextOf(''))) continue;
    if (value === undefined) await rm(join(secrets, name), { force: true });
    else await replaceFile(join(secrets, name), value.replaceAll('\\n', '\n'), 0o644);
  }
  let text = await readFile(file, 'utf8');
  for (const [name, value] of Object.entries(changes)) text = withSetting(text, name, value);
  await replaceFile(file, text, (await stat(file)).mode);
}

/** Renames a finished draft, so that a killed command leaves the former file and never half a file. */
async function replaceFile(file: string, text: string, mode: number): Promise<void> {
  const draft = freshName(file);
  await writeFile(draft, text, { mode, flush: true });
  await rename(draft, file);
}

/** The file with another value of a setting; the other lines stay, comments too. */
function withSetting(text: string, name: string, value: string | undefined): string {
  // Quotes may hold several lines.
  const line = new RegExp(`^(?:export )?${name}=(?:'[^']*'|"[^"]*"|.*)\\n?`, 'm');
  const changed = value === undefined ? '' : `${name}=${quoted(value)}\n`;
  if (line.test(text)) return text.replace(line, () => changed);
  return `${text.replace(/\n*$/, '\n')}${changed}`;
}

try {
  print(await rotate(process.argv.slice(2)));
} catch (error) {
  const typed = (error as NodeJS.ErrnoException).code?.startsWith('ERR_PARSE_ARGS');
  printError(
    error instanceof RotateError || typed ? (error as Error).message : describeError(error),
  );
  process.exitCode = 1;
}
