import { readFileSync } from 'node:fs';
import { AppError, commonProblems } from '#platform/errors.ts';

/** Why a password is refused: it is among the most used ones, or it is the account's address. */
export type PasswordFault = 'common' | 'address';

// A shorter part of an address is in too many good passwords.
const OWN_PART_MIN = 3;
const LENGTH_MIN = 10;

let known: { passwords: Set<string>; words: Set<string> } | undefined;

/** The list, read once: `words` are refused with digits and signs around them, too. */
function knownPasswords() {
  if (known !== undefined) return known;
  const text = readFileSync(new URL('common-passwords.txt', import.meta.url), 'utf8');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  known = {
    passwords: new Set(lines.filter((line) => line.length >= LENGTH_MIN)),
    words: new Set(lines.filter((line) => line.length < LENGTH_MIN)),
  };
  return known;
}

/**
 * The only rules besides the length (NIST SP 800-63B section 3.1.1.2): no common password, and not
 * the own address. No kinds of characters are demanded.
 */
export function findPasswordFault(password: string, email: string): PasswordFault | null {
  const folded = password.normalize('NFKC').toLowerCase();
  if (isCommon(folded)) return 'common';
  return isOwnAddress(folded, email.toLowerCase()) ? 'address' : null;
}

/** @throws AppError with a violation at `pointer` */
export function checkNewPassword(password: string, email: string, pointer: string): void {
  const fault = findPasswordFault(password, email);
  if (fault === null) return;
  throw new AppError(commonProblems.invalidRequest, `the password is refused: ${fault}`, {
    violations: [{ pointer, rule: 'common-password', expected: fault }],
  });
}

function isCommon(folded: string): boolean {
  const { passwords, words } = knownPasswords();
  const spaceless = folded.trim();
  const signless = spaceless.replace(/^[^\p{L}\p{N}]+|[^\p{L}\p{N}]+$/gu, '');
  const word = spaceless.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, '');
  return [folded, spaceless, signless].some((one) => passwords.has(one)) || words.has(word);
}

/** The address or its local part, also repeated, with digits and signs added or left out. */
function isOwnAddress(folded: string, email: string): boolean {
  const local = email.slice(0, email.lastIndexOf('@'));
  if (folded.includes(email)) return true;
  return [email, local].some(
    (own) =>
      isMadeOf(lettersOf(folded), lettersOf(own)) || isMadeOf(signless(folded), signless(own)),
  );
}

const lettersOf = (text: string): string => text.replace(/[^\p{L}]/gu, '');
const signless = (text: string): string => text.replace(/[^\p{L}\p{N}]/gu, '');

function isMadeOf(text: string, part: string): boolean {
  return part.length >= OWN_PART_MIN && text !== '' && text.replaceAll(part, '') === '';
}
