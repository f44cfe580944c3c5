import type { Logger } from 'pino';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { NewEmailAddress, NewPersonName } from '#contracts/common.ts';
import { createProfile, type Profile } from '#contracts/profiles.ts';
import { describeError } from '#platform/errors.ts';
import type { HttpClient } from '#platform/http/client.ts';
import type { Customer } from '../auth/access-token.ts';
import type { ContactFaults, UnusableClaim } from './contact-faults.ts';

const REMEMBERED_MAX = 100_000;

export interface ProvisionProfileDeps {
  /** Stores the profile where none exists. */
  createProfile: (profile: Profile) => Promise<void>;
  /** Gets each claim that cannot be used; then nothing is stored. */
  onUnusable: (customerId: string, claim: UnusableClaim) => void;
  onFailure: (message: string) => void;
}

/** Never throws; resolves when the contact is stored or the attempt has failed. */
export type ProvisionProfile = (customer: Customer) => Promise<void>;

/**
 * With an external issuer customers do not register here: the contact comes from the token's claims
 * (`email`, `email_verified`, `name`, `locale`). It is stored at the customer's first order or first read of the
 * profile. An order never waits for it (invariant I7), and it never replaces an existing profile.
 */
export function createProfileProvisioner(deps: ProvisionProfileDeps): ProvisionProfile {
  const remembered = new Set<string>();
  const contactOf = createContactReader();
  return async ({ customerId, claims }) => {
    const emailConfirmed = claims.email_verified === true;
    // The issuer may verify the address after the profile was stored.
    const key = `${customerId} ${emailConfirmed}`;
    if (remembered.has(key)) return;
    const { contact, unusable } = contactOf(claims);
    if (contact === null) {
      for (const claim of unusable) deps.onUnusable(customerId, claim);
      return;
    }
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.add(key);
    try {
      await deps.createProfile({ customerId, ...contact, emailConfirmed });
    } catch (error) {
      // The next request tries again.
      remembered.delete(key);
      deps.onFailure(`contact of ${customerId} not stored: ${describeError(error)}`);
    }
  };
}

/** Makes the contact of claims, or finds which of them cannot be used and why. */
function createContactReader() {
  const checks = { email: textCheck(NewEmailAddress), name: textCheck(NewPersonName) };
  return ({ email, name, locale }: Customer['claims']) => {
    const unusable: UnusableClaim[] = [];
    const read = (claim: 'email' | 'name', value: unknown): string => {
      const fault = checks[claim](value);
      if (fault !== null) unusable.push({ claim, fault });
      return value as string;
    };
    const contact = {
      email: read('email', email),
      name: name === undefined || name === null ? (email as string) : read('name', name),
      locale:
        typeof locale === 'string' && locale.startsWith('en') ? ('en' as const) : ('ru' as const),
    };
    return { contact: unusable.length === 0 ? contact : null, unusable };
  };
}

function textCheck(schema: TSchema) {
  const validator = Compile(schema);
  const { maxLength = 0 } = schema as { maxLength?: number };
  return (value: unknown): UnusableClaim['fault'] | null => {
    if (value === undefined || value === null || value === '') return 'missing';
    if (typeof value !== 'string') return 'type';
    if (validator.Check(value)) return null;
    return (value as string).length > maxLength ? 'length' : 'form';
  };
}

/** Binds the provisioner to profiles. @param onStored gets the stored profile, never throws */
export function profileProvisioner(
  client: HttpClient,
  faults: ContactFaults,
  log: Logger,
  onStored: (profile: Profile) => Promise<void>,
): ProvisionProfile {
  return createProfileProvisioner({
    async createProfile(profile) {
      let answer = await client.call(createProfile, { body: profile });
      if (answer.problem && answer.status === 400) {
        // Replicas of an older version know no confirmation, and refuse unknown members.
        const { emailConfirmed: _, ...body } = profile;
        answer = await client.call(createProfile, { body });
      }
      // An erased customer gets no profile again.
      if (answer.problem && answer.status === 409) return;
      if (answer.problem) throw new Error(`profiles answered ${answer.status}`);
      await onStored(answer.body);
    },
    onUnusable: faults.report,
    onFailure: (message) => log.warn(message),
  });
}
