import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox';
import {
  type Environment,
  readSetting,
  type SettingText,
  UnreadableSetting,
} from './read-setting.ts';
import { type SettingFormat, settingFormats } from './setting-formats.ts';

export type { Environment };

export class ConfigError extends Error {
  readonly problems: string[];

  constructor(service: string, problems: string[]) {
    super(`${service} cannot start:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * A rule between settings. Returns one line per problem, without values.
 * @param config the valid settings; missing and invalid ones are absent
 * @param isSet whether a setting is set: an invalid one is reported already, and a rule must not
 *   report it as missing
 * @param properties the schemas of all settings of the service
 */
export type SettingsRule<Config> = (
  config: Partial<Config>,
  isSet: (name: keyof Config & string) => boolean,
  properties: Record<string, SettingSchema>,
) => string[];

const FILES = Symbol('files of settings');

/** The file from which `loadConfig` has read a setting, if any: its content may change later. */
export function fileOf(config: object, name: string): string | undefined {
  return (config as { [FILES]?: Map<string, string> })[FILES]?.get(name);
}

/** A schema of settings with the rules between them. */
export function settingsSchema<P extends TProperties>(
  properties: P,
  ...rules: SettingsRule<Static<TObject<P>>>[]
): TObject<P> {
  return Type.Object(properties, { rules }) as TObject<P>;
}

/** Merges two schemas and their rules. For a setting in both, the second schema wins. */
export function mergeSettings(first: TObject, second: TObject): TObject {
  const properties = { ...first.properties, ...second.properties };
  return settingsSchema(properties, ...rulesOf(first), ...rulesOf(second));
}

function rulesOf(schema: TObject): SettingsRule<Record<string, unknown>>[] {
  return (schema as { rules?: SettingsRule<Record<string, unknown>>[] }).rules ?? [];
}

/**
 * Reads a service's settings from environment variables (`readSetting`): `X` or `<SERVICE>_X`, or
 * the file that `X_FILE` names, for each property `X` of the schema. Schemas used: String, Integer,
 * Boolean (`true`/`false`), and Array of String (comma-separated); with `default`, or Optional, or
 * required. A String, or the String of an Array, may name a `format` of `setting-formats.ts`, or
 * bring a `check` of its own. Then it applies the rules of `settingsSchema`, and the `rule` of each
 * setting that brings one to every service that has it.
 * @throws ConfigError that lists all problems, without values (they may be secrets)
 */
export function loadConfig<S extends TObject>(
  service: string,
  schema: S,
  env: Environment,
): Static<S> {
  const problems: string[] = [];
  const config: Record<string, unknown> = {};
  const files = new Map<string, string>();
  const required = new Set((schema as { required?: string[] }).required ?? []);
  const set = new Set<string>();
  for (const [name, property] of Object.entries(schema.properties) as [string, TSchema][]) {
    const rule = property as SettingSchema;
    const given = textOf(service, name, env);
    if (given instanceof UnreadableSetting) {
      set.add(name);
      problems.push(given.message);
      continue;
    }
    if (given === undefined) {
      if (rule.default !== undefined) config[name] = rule.default;
      else if (required.has(name)) problems.push(`${name} is not set: ${rule.description ?? ''}`);
      continue;
    }
    set.add(name);
    if (given.file !== undefined) files.set(name, given.file);
    const value = parseSetting(given.text, rule);
    if (value instanceof SettingFault) problems.push(`${given.from} ${value.message}`);
    else config[name] = value;
  }
  const isSet = (name: string): boolean => set.has(name);
  const properties = schema.properties as Record<string, SettingSchema>;
  const ofSettings = Object.values(properties).flatMap(({ rule }) => rule ?? []);
  for (const rule of [...rulesOf(schema), ...ofSettings]) {
    problems.push(...rule(config, isSet, properties));
  }
  if (problems.length > 0) throw new ConfigError(service, problems);
  // Not enumerable: it is no setting.
  return Object.defineProperty(config, FILES, { value: files }) as Static<S>;
}

function textOf(
  service: string,
  name: string,
  env: Environment,
): SettingText | UnreadableSetting | undefined {
  try {
    return readSetting(service, name, env);
  } catch (error) {
    if (error instanceof UnreadableSetting) return error;
    throw error;
  }
}

export interface SettingSchema {
  type?: string;
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  format?: string;
  /** Returns the fault of a text, or null. For formats that depend on a service's domain. */
  check?: SettingFormat;
  items?: SettingSchema;
  /** Relates it to other settings. */
  rule?: SettingsRule<Record<string, unknown>>;
}

class SettingFault extends Error {}

function parseSetting(text: string, rule: SettingSchema): unknown {
  switch (rule.type) {
    case 'integer':
      return parseInteger(text, rule);
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      return new SettingFault('must be true or false');
    case 'array':
      return parseList(text, rule);
    default:
      return parseText(text, rule);
  }
}

// A pattern that lists words, such as `^(on|off)$`.
const WORDS = /^\^\(([\w-]+(?:\|[\w-]+)+)\)\$$/;

function patternFault(pattern: string): SettingFault {
  const words = WORDS.exec(pattern)?.[1]?.replaceAll('|', ', ');
  return new SettingFault(
    words === undefined ? `must match ${pattern}` : `must be one of ${words}`,
  );
}

function parseText(text: string, { pattern, format, check }: SettingSchema): string | SettingFault {
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(text)) {
    return patternFault(pattern);
  }
  const faultOf = format === undefined ? check : settingFormats.get(format);
  if (faultOf === undefined) {
    if (format === undefined) return text;
    throw new Error(`there is no format ${format} of settings`);
  }
  const fault = faultOf(text);
  return fault === null ? text : new SettingFault(fault);
}

function parseList(text: string, { items = {} }: SettingSchema): string[] | SettingFault {
  const parts = text.split(',').map((part) => part.trim());
  const given = parts.filter((part) => part !== '');
  if (given.length === 0) return new SettingFault('must name at least one');
  for (const [index, part] of given.entries()) {
    const value = parseText(part, items);
    if (typeof value === 'string') continue;
    const which = given.length === 1 ? '' : ` (entry ${index + 1})`;
    return new SettingFault(`${value.message}${which}`);
  }
  return given;
}

function parseInteger(text: string, { minimum, maximum }: SettingSchema): number | SettingFault {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value)) {
    return new SettingFault('must be a whole number');
  }
  if (minimum !== undefined && value < minimum)
    return new SettingFault(`must be at least ${minimum}`);
  if (maximum !== undefined && value > maximum)
    return new SettingFault(`must be at most ${maximum}`);
  return value;
}
