import { readFile, writeFile } from 'node:fs/promises';
import { type TObject, type TSchema, Type } from 'typebox';
import { RunSettings } from '#platform/service/run.ts';
import { KafkaStartSettings } from './kafka/kafka.ts';
import { loadServices } from './system/services.ts';

// `npm run settings`: writes `.env.example` and the table in docs/reference/settings.md from the
// schemas of the services.

export const SETTINGS_FILE = new URL('../.env.example', import.meta.url);
export const SETTINGS_PAGE = new URL('../docs/reference/settings.md', import.meta.url);

const StartSettings = Type.Object({
  ORDERBELL_HOME: Type.String({
    default: '.orderbell',
    description: 'Folder of the data, keys and passwords of `npm start`.',
  }),
});

/** The schemas that settings come from, by the processes that read them. */
export const settingSchemas: Record<string, TObject> = {
  'npm start': StartSettings,
  'npm run kafka': KafkaStartSettings,
  'every process': RunSettings,
  ...Object.fromEntries((await loadServices()).map(({ name, settings }) => [name, settings])),
};

interface Setting {
  name: string;
  description: string;
  default: unknown;
  required: boolean;
  readers: string[];
}

/**
 * The text of `.env.example`. Settings that several services share are listed once, at the top. A
 * required setting is listed with an empty value, so no secret can be in this file. A setting with
 * a default is commented out, which has the same effect.
 */
export function settingsExample(schemas: Record<string, TObject> = settingSchemas): string {
  const settings = settingsOf(schemas);
  const shared = settings.filter(({ readers }) => readers.length > 1);
  const groups = Object.keys(schemas).map((reader): [string, Setting[]] => [
    reader,
    settings.filter(({ readers }) => readers.length === 1 && readers[0] === reader),
  ]);
  return [
    '# Settings of Orderbell, read from environment variables. Written by `npm run settings`.',
    '# `npm start` needs none of them; a service run alone needs those that stand open and empty.',
    ...([['several services', shared], ...groups] as [string, Setting[]][])
      .filter(([, members]) => members.length > 0)
      .flatMap(([title, members]) => ['', `# ==== ${title} ====`, ...members.flatMap(linesOf)]),
    '',
  ].join('\n');
}

function settingsOf(schemas: Record<string, TObject>): Setting[] {
  const found = new Map<string, Setting>();
  for (const [reader, schema] of Object.entries(schemas)) {
    const required = (schema as { required?: string[] }).required ?? [];
    for (const [name, property] of Object.entries(schema.properties) as [string, TSchema][]) {
      const { description = '', default: byDefault } = property as Partial<Setting>;
      const same = JSON.stringify([name, description, byDefault]);
      const setting = found.get(same) ?? {
        name,
        description,
        default: byDefault,
        readers: [],
        required: required.includes(name) && byDefault === undefined,
      };
      setting.readers.push(reader);
      found.set(same, setting);
    }
  }
  return [...found.values()];
}

function linesOf({ name, description, default: byDefault, required, readers }: Setting): string[] {
  return [
    '',
    `# ${description}`,
    ...(readers.length > 1 ? [`# Read by ${readers.join(', ')}.`] : []),
    ...(required ? [`${name}=`] : [`#${name}=${textOf(byDefault)}`]),
  ];
}

function textOf(value: unknown): string {
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
  return /[\s#'"]/.test(text) ? JSON.stringify(text) : text;
}

const TABLE_BEGIN = '<!-- settings: written by `npm run settings` -->\n';
const TABLE_END = '<!-- /settings -->';

/**
 * Replaces the table of all settings in a page.
 * @throws Error when the page lacks the markers of the table
 */
export function withSettingsTable(
  page: string,
  schemas: Record<string, TObject> = settingSchemas,
): string {
  const begin = page.indexOf(TABLE_BEGIN);
  const end = page.indexOf(TABLE_END);
  if (begin === -1 || end < begin) throw new Error('the page has no place for the settings');
  const rows = settingsOf(schemas).map(
    ({ name, description, default: byDefault, required, readers }) => {
      const value = required ? 'required' : textOf(byDefault) === '' ? '' : code(textOf(byDefault));
      return `| \`${name}\` | ${value} | ${readers.join(', ')} | ${cell(description)} |`;
    },
  );
  const table = [
    '',
    '| setting | default | read by | what it says |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
    '',
  ];
  return page.slice(0, begin + TABLE_BEGIN.length) + table.join('\n') + page.slice(end);
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const code = (text: string): string => `\`${text}\``;

if (import.meta.main) {
  await writeFile(SETTINGS_FILE, settingsExample());
  const page = await readFile(SETTINGS_PAGE, 'utf8');
  await writeFile(SETTINGS_PAGE, withSettingsTable(page));
}
