import { readFile, writeFile } from 'node:fs/promises';
import { type TObject, type TSchema, Type } from 'typebox';
import { BROKER_DATABASE } from '#platform/broker/embedded/embedded.ts';
import type { ServiceDatabase } from '#platform/service/definition.ts';
import { RunSettings } from '#platform/service/run.ts';
import { KafkaStartSettings } from './kafka/kafka.ts';
import { MailboxSettings } from './mailbox/settings.ts';
import { loadServices } from './system/services.ts';
import { calleesOf } from './system/wiring.ts';

// `npm run settings`: writes `.env.example` and the table in docs/reference/settings.md from the
// schemas of the services.

export const SETTINGS_FILE = new URL('../.env.example', import.meta.url);
export const SERVICES_PAGE = new URL('../docs/reference/services.md', import.meta.url);
export const SETTINGS_PAGE = new URL('../docs/reference/settings.md', import.meta.url);

const StartSettings = Type.Object({
  ORDERBELL_HOME: Type.String({
    default: '.orderbell',
    description: 'Folder of the data, keys and passwords of `npm start`.',
  }),
  ...MailboxSettings.properties,
});

const services = await loadServices();

/** The schemas that settings come from, by the processes that read them. */
export const settingSchemas: Record<string, TObject> = {
  'npm start': StartSettings,
  'npm run kafka': KafkaStartSettings,
  'every process': RunSettings,
  ...Object.fromEntries(services.map(({ name, settings }) => [name, settings])),
};

interface Setting {
  name: string;
  description: string;
  default: unknown;
  readers: string[];
  /** Those of the readers that do not start without it. */
  requiredBy: string[];
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
    '# One file serves all services: ORDERS_PORT is the PORT of orders, and X_FILE names a file with X.',
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
        requiredBy: [],
      };
      setting.readers.push(reader);
      if (required.includes(name) && byDefault === undefined) setting.requiredBy.push(reader);
      found.set(same, setting);
    }
  }
  return [...found.values()];
}

function linesOf({
  name,
  description,
  default: byDefault,
  requiredBy,
  readers,
}: Setting): string[] {
  return [
    '',
    `# ${description}`,
    ...(readers.length > 1 ? [`# Read by ${readers.join(', ')}.`] : []),
    ...(requiredBy.length > 0 ? [`${name}=`] : [`#${name}=${textOf(byDefault)}`]),
  ];
}

function textOf(value: unknown): string {
  const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
  return /[\s#'"]/.test(text) ? JSON.stringify(text) : text;
}

/**
 * Replaces one table of a page, which two comments enclose.
 * @param rows each with one cell a column; the first has the titles
 * @throws Error when the page lacks the markers of the table
 */
export function withTable(page: string, name: string, rows: string[][]): string {
  const begin = `<!-- ${name}: written by \`npm run settings\` -->\n`;
  const start = page.indexOf(begin) + begin.length;
  const end = page.indexOf(`<!-- /${name} -->`);
  if (start < begin.length || end < start) throw new Error(`the page has no table "${name}"`);
  const [titles = [], ...others] = rows;
  const lines = [titles, titles.map(() => '---'), ...others].map((row) => `| ${row.join(' | ')} |`);
  return `${page.slice(0, start)}\n${lines.join('\n')}\n\n${page.slice(end)}`;
}

/** All settings, for docs/reference/settings.md. */
export function settingRows(schemas = settingSchemas): string[][] {
  const rows = settingsOf(schemas).map(
    ({ name, description, default: byDefault, requiredBy, readers }) => {
      const given = textOf(byDefault) === '' ? '' : code(textOf(byDefault));
      const value = requiredBy.length > 0 ? requiredText(requiredBy, readers) : given;
      return [code(name), value, readers.join(', '), cell(description)];
    },
  );
  return [['setting', 'default', 'read by', 'what it says'], ...rows];
}

function requiredText(requiredBy: string[], readers: string[]): string {
  return requiredBy.length === readers.length ? 'required' : `required by ${requiredBy.join(', ')}`;
}

/** What each service needs and calls, for docs/reference/services.md. */
export function serviceRows(): string[][] {
  const rows = services.map((service) => {
    const { name, settings, database } = service;
    const broker = 'BROKER_DATABASE_URL' in settings.properties;
    const needs = [
      ...(database === undefined ? [] : ['its database']),
      ...(broker ? ['the broker'] : []),
      ...('SMTP_URL' in settings.properties ? ['a mail server'] : []),
    ];
    const connections = [
      ...(database === undefined ? [] : [connectionsCell(database)]),
      ...(broker ? [`${connectionsCell(BROKER_DATABASE)} for the embedded broker`] : []),
    ];
    return [
      name,
      needs.join(', ') || 'nothing of its own',
      calleesOf(service, services).join(', '),
      connections.join(', and '),
    ];
  });
  const titles = ['service', 'needs', 'calls', 'connections to PostgreSQL, at most'];
  return [titles, ...rows, ['one process of each', '', '', sumOfConnections()]];
}

const connectionsCell = ({ name, connectionsMax }: ServiceDatabase): string =>
  `${connectionsMax} (\`${name.toUpperCase()}_DATABASE_CONNECTIONS\`)`;

function sumOfConnections(): string {
  const own = services.reduce((sum, { database }) => sum + (database?.connectionsMax ?? 0), 0);
  const users = services.filter(({ settings }) => 'BROKER_DATABASE_URL' in settings.properties);
  return `${own}, and ${users.length * BROKER_DATABASE.connectionsMax} for the embedded broker`;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
const code = (text: string): string => `\`${text}\``;

if (import.meta.main) {
  await writeFile(SETTINGS_FILE, settingsExample());
  const pages: [URL, string, string[][]][] = [
    [SETTINGS_PAGE, 'settings', settingRows()],
    [SERVICES_PAGE, 'services', serviceRows()],
  ];
  for (const [page, name, rows] of pages) {
    await writeFile(page, withTable(await readFile(page, 'utf8'), name, rows));
  }
}
