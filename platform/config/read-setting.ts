import { isUtf8 } from 'node:buffer';
import { readFileSync, statSync } from 'node:fs';
import { isAbsolute } from 'node:path';

/** Environment variables as `process.env` gives them. */
export type Environment = Record<string, string | undefined>;

/** The text of a setting, and the variable that it comes from, as problems name it. */
export interface SettingText {
  text: string;
  from: string;
  /** The file that holds it, where one is named. */
  file?: string;
}

/** Why the text of a setting cannot be read, in one line without values. */
export class UnreadableSetting extends Error {}

// Bundles of certificates of an operating system have 250 KB.
const FILE_BYTES_MAX = 1_048_576;

/**
 * The variables that can hold a setting of a service: `<SERVICE>_X` before `X`. A name that begins
 * with the service's own has no longer form.
 */
function variablesOf(service: string, name: string): string[] {
  const prefix = `${service.toUpperCase()}_`;
  return name.startsWith(prefix) ? [name] : [prefix + name, name];
}

/** All variables that can give a setting to a service, by value and by file. */
export function formsOf(service: string, name: string): string[] {
  return variablesOf(service, name).flatMap((variable) => [variable, fileVariable(variable)]);
}

/** Whether any of its variables gives this setting to the service. */
export function isGiven(service: string, name: string, env: Environment): boolean {
  return formsOf(service, name).some((variable) => valueIn(variable, env) !== '');
}

/**
 * Reads the text of a setting from the first of its variables that is set, or from the file that
 * the variable with `_FILE` names.
 * @returns undefined when none is set; an empty variable is not set
 * @throws UnreadableSetting
 */
export function readSetting(
  service: string,
  name: string,
  env: Environment,
): SettingText | undefined {
  for (const variable of variablesOf(service, name)) {
    const text = valueIn(variable, env);
    const named = fileVariable(variable);
    const path = valueIn(named, env);
    if (text !== '' && path !== '') {
      throw new UnreadableSetting(`${variable} and ${named} are both set: keep one of them`);
    }
    if (text !== '') return { text, from: variable };
    if (path !== '') {
      return { text: readText(named, path), from: `${variable} (from ${named})`, file: path };
    }
  }
  return undefined;
}

export const fileVariable = (variable: string): string => `${variable}_FILE`;

function valueIn(variable: string, env: Environment): string {
  const text = env[variable]?.trim() ?? '';
  return isServiceLink(variable, text) ? '' : text;
}

/**
 * Kubernetes gives pods `ORDERS_PORT=tcp://10.0.0.1:80` for a service `orders`. No port has this
 * form, so such a variable counts as absent.
 */
function isServiceLink(variable: string, text: string): boolean {
  return variable.endsWith('_PORT') && /^(?:tcp|udp|sctp):\/\//.test(text);
}

/**
 * The text of the file that a variable names.
 * @throws UnreadableSetting that names the variable, the path and the reason
 */
export function readText(variable: string, path: string): string {
  // A secret that was put here by mistake must not be printed as a path.
  if (!isAbsolute(path) && !/^\.{1,2}\//.test(path)) {
    throw new UnreadableSetting(`${variable} must be the path of a file, from / or ./ on`);
  }
  try {
    return contentOf(path);
  } catch (error) {
    throw new UnreadableSetting(`${variable} names ${path}, which ${whyUnreadable(error)}`);
  }
}

class FileFault extends Error {}

function contentOf(path: string): string {
  const found = statSync(path);
  // A pipe or a device could block the start, or never end.
  if (!found.isFile()) throw new FileFault('is not a file');
  if (found.size > FILE_BYTES_MAX) throw new FileFault(`has more than ${FILE_BYTES_MAX} bytes`);
  const bytes = readFileSync(path);
  if (!isUtf8(bytes)) throw new FileFault('is not text in UTF-8');
  const text = bytes.toString('utf8').trim();
  if (text === '') throw new FileFault('is empty');
  return text;
}

function whyUnreadable(error: unknown): string {
  if (error instanceof FileFault) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  const user = process.geteuid?.();
  const why =
    code === 'EACCES' && user !== undefined
      ? `EACCES, permission denied to the user ${user} of this process`
      : // Node adds its call and the path again.
        message.replace(/, \w+ '.*$/s, '');
  return `cannot be read: ${why}`;
}
