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
 * @param readStored the profile, which is read only where a value breaks the rules
 * @throws AppError `invalid-request`
 */
export async function refuseNewViolations(
  body: Pick<Profile, 'email' | 'name'>,
  readStored: () => Promise<Profile | null>,
): Promise<void> {
  const outdated = MEMBERS.filter((member) => !RULES[member].isKept(body[member]));
  if (outdated.length === 0) return;
  const stored = await readStored();
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
