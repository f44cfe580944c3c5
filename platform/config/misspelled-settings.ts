import type { TObject } from 'typebox';
import { type Environment, formsOf } from './read-setting.ts';

// Shorter names, such as PORT, are close to too many others.
const LENGTH_MIN = 6;

/**
 * Finds variables that are one letter away from a setting of the service that is not set: one
 * letter missing, added, another, or two exchanged. Without it, such a typo leaves the default.
 * @returns one line per variable, without values
 */
export function misspelledSettings(service: string, schema: TObject, env: Environment): string[] {
  const forms = Object.keys(schema.properties).map((name) => formsOf(service, name));
  const known = new Set(forms.flat());
  // One of several forms is set: then a similar name is another program's.
  const unset = forms.filter((names) => names.every((name) => (env[name] ?? '') === '')).flat();
  return Object.keys(env)
    .filter((variable) => variable.length >= LENGTH_MIN && !known.has(variable))
    .flatMap((variable) => {
      const meant = unset.find((name) => isOneLetterAway(variable, name));
      return meant === undefined ? [] : [`${variable} is not a setting: is ${meant} meant?`];
    });
}

function isOneLetterAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  const restA = a.slice(start);
  const restB = b.slice(start);
  if (restA.slice(1) === restB.slice(1)) return true;
  if (restA.slice(1) === restB || restA === restB.slice(1)) return true;
  const exchanged = `${restA[1] ?? ''}${restA[0] ?? ''}${restA.slice(2)}`;
  return exchanged === restB;
}
