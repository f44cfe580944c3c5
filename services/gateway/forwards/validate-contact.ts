import { isMailAddress, MAIL_ADDRESS } from '#contracts/mail-address.ts';
import { VISIBLE_TEXT } from '#contracts/patterns.ts';
import type { Profile } from '#contracts/profiles.ts';
import { AppError, commonProblems } from '#platform/errors.ts';

const VISIBLE = new RegExp(VISIBLE_TEXT, 'u');
const RULES = {
  email: { expected: MAIL_ADDRESS, isKept: isMailAddress },
  name: { expected: VISIBLE_TEXT, isKept: (text: string) => VISIBLE.test(text) },
};
const MEMBERS = ['email', 'name'] as const;

/**
 * Refuses what only former versions took, unless the profile has it already.
 * @throws AppError `invalid-request`
 */
export function refuseNewViolations(
  body: Pick<Profile, 'email' | 'name'>,
  stored: Profile | null,
): void {
  const outdated = MEMBERS.filter((member) => !RULES[member].isKept(body[member]));
  const violations = outdated
    .filter((member) => body[member] !== stored?.[member])
    .map((member) => ({
      pointer: `/${member}`,
      rule: 'pattern',
      expected: RULES[member].expected,
    }));
  if (violations.length === 0) return;
  throw new AppError(commonProblems.invalidRequest, 'a new contact breaks its rules', {
    violations,
  });
}
