import type { Logger } from 'pino';
import { Compile } from 'typebox/compile';
import { createProfile, Profile } from '#contracts/profiles.ts';
import { describeError } from '#platform/errors.ts';
import type { HttpClient } from '#platform/http/client.ts';
import type { Customer } from '../auth/access-token.ts';

const REMEMBERED_MAX = 100_000;

export interface ProvisionProfileDeps {
  /** Stores the profile where none exists. */
  createProfile: (profile: Profile) => Promise<void>;
  /** Whether the claims make a valid profile. */
  isProfile: (profile: unknown) => profile is Profile;
  onFailure: (message: string) => void;
}

/** Never throws; resolves when the contact is stored or the attempt has failed. */
export type ProvisionProfile = (customer: Customer) => Promise<void>;

/**
 * With an external issuer customers do not register here: the contact comes from the token's claims
 * (`email`, `name`, `locale`). It is stored at the customer's first order or first read of the
 * profile. An order never waits for it (invariant I7), and it never replaces an existing profile.
 */
export function createProfileProvisioner(deps: ProvisionProfileDeps): ProvisionProfile {
  const remembered = new Set<string>();
  return async ({ customerId, claims }) => {
    if (remembered.has(customerId)) return;
    const { email, name, locale } = claims;
    const profile: unknown = {
      customerId,
      email,
      name: name ?? email,
      locale: typeof locale === 'string' && locale.startsWith('en') ? 'en' : 'ru',
    };
    if (!deps.isProfile(profile)) return;
    if (remembered.size >= REMEMBERED_MAX) remembered.clear();
    remembered.add(customerId);
    try {
      await deps.createProfile(profile);
    } catch (error) {
      // The next request tries again.
      remembered.delete(customerId);
      deps.onFailure(`contact of ${customerId} not stored: ${describeError(error)}`);
    }
  };
}

/** Binds the provisioner to profiles. */
export function profileProvisioner(client: HttpClient, log: Logger): ProvisionProfile {
  const schema = Compile(Profile);
  return createProfileProvisioner({
    async createProfile(profile) {
      const answer = await client.call(createProfile, { body: profile });
      if (answer.problem) throw new Error(`profiles answered ${answer.status}`);
    },
    isProfile: (value): value is Profile => schema.Check(value),
    onFailure: (message) => log.warn(message),
  });
}
