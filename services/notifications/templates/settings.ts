import { statSync } from 'node:fs';
import { type Static, type TObject, Type } from 'typebox';
import { PublicUrlSetting } from '#contracts/common.ts';
import type { SettingsRule } from '#platform/config/load-config.ts';
import { TEMPLATE_DEFAULT, TEMPLATES, type Templates } from '../letter/template.ts';
import { readOwnTemplates } from './own-templates.ts';

/** The fault of a path that names no folder; the path may be a secret in the wrong setting. */
function folderFault(path: string): string | null {
  try {
    if (statSync(path).isDirectory()) return null;
  } catch {
    // Also of a path that is too long, or goes in circles.
  }
  return 'must be the path of a folder that exists';
}

/** Settings of what letters say. */
export const templateSettings = {
  // The default is a version that the release before can show: both run at once during an update.
  LETTER_TEMPLATE: Type.Integer({
    default: TEMPLATE_DEFAULT,
    minimum: 1,
    maximum: 2 ** 31 - 1,
    description:
      'Template version of new letters: 1, 2 (items, local time, links), or an own one from 1000. ' +
      'Set 2 when no replica of 0.1.0 runs any more.',
  }),
  LETTER_TEMPLATES: Type.Optional(
    Type.String({
      check: folderFault,
      description:
        "Folder of the shop's own letter templates; a folder for each version from 1000.",
    }),
  ),
  PUBLIC_URL: PublicUrlSetting,
  ORDERS_URL: Type.Optional(
    Type.Array(Type.String({ format: 'http-url' }), {
      description: 'Base URLs of orders, comma-separated.',
    }),
  ),
};

type TemplateConfig = Static<TObject<typeof templateSettings>>;

/** All faults of the folder, and a version of new letters that does not exist. */
export const templatesRule: SettingsRule<TemplateConfig> = ({
  LETTER_TEMPLATES: folder,
  LETTER_TEMPLATE: version,
}) => {
  const { templates, faults } = templatesOf(folder);
  const problems = faults.map((fault) => `LETTER_TEMPLATES: ${fault}`);
  if (version !== undefined && templates[version] === undefined) {
    const known = Object.keys(templates).join(', ');
    problems.push(`LETTER_TEMPLATE is ${version}: there is no such template, only ${known}`);
  }
  return problems;
};

/** The built-in templates and those of the folder. */
export function templatesOf(folder: string | undefined): {
  templates: Templates;
  faults: string[];
} {
  if (folder === undefined) return { templates: TEMPLATES, faults: [] };
  const own = readOwnTemplates(folder);
  return { templates: { ...TEMPLATES, ...own.templates }, faults: own.faults };
}

/** What letters need of the settings beyond the mail settings. */
export function lettersOf({ LETTER_TEMPLATES: folder, PUBLIC_URL }: TemplateConfig) {
  return {
    templates: templatesOf(folder).templates,
    publicUrl: PUBLIC_URL?.replace(/\/+$/, ''),
  };
}
