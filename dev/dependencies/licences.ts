/** A package of the lock file. */
export interface LockedPackage {
  /** `node_modules/…`; empty for the project itself. */
  path: string;
  version?: string;
  /** SPDX expression. */
  license?: string | undefined;
  /** Only for development: it is in no image. */
  dev?: boolean;
}

/** Licences that ask only for a copy of their text. */
const ALLOWED = [
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MIT-0',
];
/** Further ones of tools, which are not delivered, and of the console's font, which may be. */
const ALLOWED_IN_TOOLS = [...ALLOWED, 'MPL-2.0', 'OFL-1.1', 'Python-2.0', 'Unlicense'];

/** Packages by licence, and those whose licence is missing or not allowed. */
export function checkLicences(packages: LockedPackage[]) {
  const byLicence = Map.groupBy(packages, ({ license }) => license ?? 'none');
  const refused = packages.filter(
    ({ license, dev }) => !isAllowed(license ?? '', dev === true ? ALLOWED_IN_TOOLS : ALLOWED),
  );
  return { byLicence, refused };
}

/** Whether an SPDX expression holds with these licences. AND binds stronger than OR. Not for groups. */
function isAllowed(expression: string, allowed: string[]): boolean {
  const choices = expression.replace(/^\(([^()]*)\)$/, '$1').split(' OR ');
  if (choices.some((choice) => choice.includes('('))) return false;
  return choices.some((choice) => choice.split(' AND ').every((one) => allowed.includes(one)));
}
