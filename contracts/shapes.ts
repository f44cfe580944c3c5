// The parts of which the shapes of answers are made. Browsers load this module too.

import { UUID } from './patterns.ts';

export type Shape = (value: unknown) => boolean;

// biome-ignore lint/suspicious/noExplicitAny: read after its shape was checked
export type Checked = any;

export const text: Shape = (value) => typeof value === 'string';
export const filled: Shape = (value) => typeof value === 'string' && value !== '';
export const uuid: Shape = (value) => typeof value === 'string' && UUID.test(value);
export const truth: Shape = (value) => typeof value === 'boolean';
export const integer: Shape = (value) => Number.isSafeInteger(value);
export const oneOf =
  (...values: unknown[]): Shape =>
  (value) =>
    values.includes(value);
export const nullOr =
  (shape: Shape): Shape =>
  (value) =>
    value === null || shape(value);
export const listOf =
  (shape: Shape): Shape =>
  (value) =>
    Array.isArray(value) && value.every(shape);
export const object =
  (members: Record<string, Shape>): Shape =>
  (value) =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.entries(members).every(([name, shape]) => shape((value as Checked)[name]));
export const pageOf = (shape: Shape): Shape =>
  object({ data: listOf(shape), nextCursor: nullOr(text) });
