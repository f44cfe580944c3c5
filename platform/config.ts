import type { Static, TObject, TSchema } from 'typebox';

/** Environment variables as `process.env` gives them. */
export type Environment = Record<string, string | undefined>;

/** Settings that are missing or wrong, all of them. */
export class ConfigError extends Error {
  readonly problems: string[];

  constructor(service: string, problems: string[]) {
    super(`${service} cannot start:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads a service's settings from environment variables of the schema's property names. Schemas
 * used: String, Integer, Boolean (`true`/`false`), and Array of String (comma-separated); with
 * `default`, or Optional, or required.
 * @throws ConfigError that lists every problem at once, without values (they may be secrets)
 */
export function loadConfig<S extends TObject>(
  service: string,
  schema: S,
  env: Environment,
): Static<S> {
  const problems: string[] = [];
  const config: Record<string, unknown> = {};
  const required = new Set((schema as { required?: string[] }).required ?? []);
  for (const [name, property] of Object.entries(schema.properties) as [string, TSchema][]) {
    const rule = property as SettingSchema;
    const text = env[name]?.trim();
    if (text === undefined || text === '') {
      if (rule.default !== undefined) config[name] = rule.default;
      else if (required.has(name)) problems.push(`${name} is not set: ${rule.description ?? ''}`);
      continue;
    }
    const value = parseSetting(text, rule);
    if (value instanceof SettingFault) problems.push(`${name} ${value.message}`);
    else config[name] = value;
  }
  if (problems.length > 0) throw new ConfigError(service, problems);
  return config as Static<S>;
}

interface SettingSchema {
  type?: string;
  default?: unknown;
  description?: string;
  minimum?: number;
  maximum?: number;
  pattern?: string;
  enum?: unknown[];
}

class SettingFault {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

function parseSetting(text: string, rule: SettingSchema): unknown {
  switch (rule.type) {
    case 'integer':
      return parseInteger(text, rule);
    case 'boolean':
      if (text === 'true' || text === 'false') return text === 'true';
      return new SettingFault('must be true or false');
    case 'array':
      return parseList(text);
    default:
      if (rule.pattern !== undefined && !new RegExp(rule.pattern, 'u').test(text)) {
        return new SettingFault(`must match ${rule.pattern}`);
      }
      return text;
  }
}

function parseList(text: string): string[] | SettingFault {
  const parts = text.split(',').map((part) => part.trim());
  const given = parts.filter((part) => part !== '');
  return given.length > 0 ? given : new SettingFault('must name at least one');
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
