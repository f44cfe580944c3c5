import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError, commonProblems } from '#platform/errors.ts';
import { type AccountDeps, register, signIn } from './accounts.ts';

const ANNA = { id: 'anna', role: 'customer', passwordHash: 'right' } as const;
const GIVEN = { email: 'Anna@example.com', password: 'right', clientAddress: '::1' };

/** Dependencies that know Anna; `failed` is what has been counted against her. */
function dependencies() {
  const state = { failed: 0, registrations: 0, limit: 10 };
  const refuse = async () => {
    if (state.failed >= state.limit) throw new AppError(commonProblems.tooMany, 'limit');
  };
  const deps: AccountDeps = {
    accounts: {
      find: async (email) => (email === 'anna@example.com' ? ANNA : null),
      insert: async () => 'new',
    },
    sessions: {
      start: async () => ({ accessToken: 'token', tokenType: 'Bearer', expiresIn: 1 }),
      isKnownClient: async () => false,
    },
    passwords: {
      hash: async (password) => password,
      verify: async (hash, password) => hash === password,
    },
    attempts: {
      admitSignIn: refuse,
      refuseSignIn: refuse,
      async countFailedSignIn() {
        state.failed += 1;
      },
      admitRegistration: refuse,
      async countRegistration() {
        state.registrations += 1;
      },
      async countFailedRegistration() {
        state.failed += 1;
      },
      async uncountRegistration() {
        state.registrations -= 1;
      },
      takeLetter: async () => true,
    },
  };
  return { deps, state };
}

test('the right password is refused when the limit is reached while it is checked', async () => {
  const { deps, state } = dependencies();
  deps.passwords.verify = async () => {
    state.failed = state.limit;
    return true;
  };
  await assert.rejects(signIn(deps, GIVEN), { problem: commonProblems.tooMany });
});

test('a password is not even checked once the limit is reached', async () => {
  const { deps, state } = dependencies();
  state.failed = state.limit;
  deps.passwords.verify = async () => assert.fail('checked');
  await assert.rejects(signIn(deps, GIVEN), { problem: commonProblems.tooMany });
});

test('an unknown address costs the same check as a known one', async () => {
  const { deps, state } = dependencies();
  const checked: (string | null)[] = [];
  deps.passwords.verify = async (hash) => {
    checked.push(hash);
    return false;
  };
  for (const email of ['anna@example.com', 'nobody@example.com']) {
    await assert.rejects(signIn(deps, { ...GIVEN, email }), AppError);
  }
  assert.deepEqual([checked, state.failed], [['right', null], 2]);
});

test('a registration that fails is not counted', async () => {
  const { deps, state } = dependencies();
  deps.accounts.insert = async () => {
    throw new AppError(commonProblems.unavailable, 'database fault');
  };
  const given = { ...GIVEN, email: 'boris@example.com' };
  await assert.rejects(register(deps, given), { problem: commonProblems.unavailable });
  assert.equal(state.registrations, 0);
});

test('a registration of a known address checks one password, as that of a new one hashes one', async () => {
  const { deps } = dependencies();
  const hashed: string[] = [];
  deps.passwords.hash = async (password) => {
    hashed.push('hash');
    return password;
  };
  deps.passwords.verify = async () => {
    hashed.push('verify');
    return false;
  };
  const password = 'staple battery';
  await register(deps, { ...GIVEN, email: 'boris@example.com', password });
  await assert.rejects(register(deps, { ...GIVEN, password }), { extra: { letterDue: true } });
  assert.deepEqual(hashed, ['hash', 'verify']);
});
