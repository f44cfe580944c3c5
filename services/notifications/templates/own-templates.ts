import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LetterFacts } from '../letter/letter-facts.ts';
import { OWN_TEMPLATES_FROM, type Template, type Templates } from '../letter/template.ts';
import { FORMS, type Form, type ParsedFile, parseFile, subjectOf } from './own-template.ts';

// A letter of a megabyte is refused by many mail servers.
const FILE_BYTES_MAX = 256 * 1024;
const VERSIONS_MAX = 100;
// Versions are a column of type `integer`.
const VERSION_MAX = 2 ** 31 - 1;
const VERSION_NAME = /^[1-9]\d{0,9}$/;

const KINDS = ['happiness', 'grief'] as const;
const LOCALES = ['ru', 'en'] as const;

type FileName = `${(typeof KINDS)[number]}.${(typeof LOCALES)[number]}.${Form}`;

const FILE_NAMES: FileName[] = KINDS.flatMap((kind) =>
  LOCALES.flatMap((locale) => FORMS.map((form): FileName => `${kind}.${locale}.${form}`)),
);

/**
 * The templates of a folder: a folder for each version, with twelve files
 * (`docs/how-to/own-letter-templates.md`). Reads them at once, so a change needs a restart.
 * @returns also all faults of the folder, as `<file>:<line>: <fault>`
 */
export function readOwnTemplates(folder: string): { templates: Templates; faults: string[] } {
  const names = namesIn(folder);
  if (names instanceof Error) return { templates: {}, faults: [`${folder}: ${names.message}`] };
  const faults = names
    .filter((name) => !isVersion(name))
    .map((name) => {
      const range = `a version from ${OWN_TEMPLATES_FROM} to ${VERSION_MAX}`;
      return `${join(folder, name)}: the name of a template's folder is ${range}`;
    });
  const versions = names.filter(isVersion);
  if (versions.length > VERSIONS_MAX) {
    faults.push(`${folder}: ${versions.length} versions are more than ${VERSIONS_MAX}`);
    return { templates: {}, faults };
  }
  const templates: Record<number, Template> = {};
  for (const version of versions) {
    const read = readVersion(join(folder, version));
    faults.push(...read.faults);
    templates[Number(version)] = read.template;
  }
  return { templates, faults };
}

/** The names in a folder but hidden ones, as a ConfigMap has them; or why it cannot be read. */
function namesIn(folder: string): string[] | Error {
  try {
    return readdirSync(folder).filter((name) => !name.startsWith('.'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const isFile = code === 'ENOTDIR';
    return new Error(isFile ? 'this is no folder' : `the folder cannot be read (${code})`);
  }
}

function isVersion(name: string): boolean {
  const version = Number(name);
  return VERSION_NAME.test(name) && version >= OWN_TEMPLATES_FROM && version <= VERSION_MAX;
}

function readVersion(folder: string): { template: Template; faults: string[] } {
  const names = namesIn(folder);
  if (names instanceof Error) {
    return { template: emptyTemplate, faults: [`${folder}: ${names.message}`] };
  }
  const faults: string[] = [];
  const unknown = names.filter((name) => !FILE_NAMES.includes(name as FileName));
  for (const name of unknown) {
    faults.push(`${join(folder, name)}: no letter uses a file of this name`);
  }
  const files = new Map<FileName, ParsedFile>();
  for (const name of FILE_NAMES) {
    const path = join(folder, name);
    const source = readSource(path);
    if (source instanceof Error) {
      faults.push(`${path}: ${source.message}`);
      continue;
    }
    const parsed = parseFile(source, formOf(name));
    faults.push(...parsed.faults.map((fault) => `${path}:${fault}`));
    files.set(name, parsed.render);
  }
  return { template: templateOf(files), faults };
}

const emptyTemplate: Template = () => ({ subject: '', text: '', html: '' });

const formOf = (name: FileName) => name.split('.').slice(2).join('.') as Form;

/** The text with line breaks as letters have them, or why it cannot be used. */
function readSource(path: string): string | Error {
  try {
    // Looked at before it is read: a pipe would never end, a huge file would fill the memory.
    const file = statSync(path);
    if (!file.isFile()) return new Error('this is no file');
    if (file.size > FILE_BYTES_MAX) return new Error(`it is larger than ${FILE_BYTES_MAX} bytes`);
    const bytes = readFileSync(path);
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/\r\n?/g, '\n');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return new Error('the file is missing');
    return new Error(code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'it is no UTF-8' : `${code}`);
  }
}

/** Only called with all files: a folder with a fault ends the start. */
function templateOf(files: Map<FileName, ParsedFile>): Template {
  const render = (facts: LetterFacts, form: Form) =>
    files.get(`${facts.kind}.${facts.locale}.${form}`)?.(facts) ?? '';
  return (facts) => ({
    subject: subjectOf(render(facts, 'subject.txt')),
    text: render(facts, 'text.txt'),
    html: render(facts, 'html'),
  });
}
