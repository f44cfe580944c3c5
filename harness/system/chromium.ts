import { delimiter, join } from 'node:path';
import { isProgram } from './tools.ts';

/** The Chromium that `test/run.ts` found, for the tests of the console. */
export const testChromium = process.env.TEST_CHROMIUM;

/** For `test` options: why tests that need a browser are skipped, or false. */
export const skipWithoutChromium = testChromium === undefined ? 'there is no Chromium' : false;

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The program that CHROMIUM names, else the first of the known names on PATH; null without one. */
export function findChromium(): string | null {
  const { CHROMIUM: named, PATH: path = '' } = process.env;
  if (named) return named;
  const places = NAMES.flatMap((name) => path.split(delimiter).map((place) => join(place, name)));
  return places.find(isProgram) ?? null;
}
