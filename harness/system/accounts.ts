import { scryptSync } from 'node:crypto';
import { queryRows } from '../database.ts';

// A hash costs a tenth of a second on purpose, and so does each check of it. Its settings are kept
// in it, so an account that was stored with the smallest ones is checked in no time, by the same code.
const SETTINGS = { N: 2, r: 1, p: 1 };
const KEY_BYTES = 32;

/** Stores an account as identity would, with a hash that costs nothing. */
export async function insertAccount(
  identityUrl: string,
  role: 'customer' | 'operator',
  email: string,
  password: string,
): Promise<void> {
  const salt = Buffer.from('the salt of tests');
  const key = scryptSync(password, salt, KEY_BYTES, SETTINGS);
  const [saltText, keyText] = [salt, key].map((bytes) =>
    bytes.toString('base64').replaceAll('=', ''),
  );
  await queryRows(
    identityUrl,
    `with person as (
       insert into "user" (name, email, "emailVerified", role) values ('', $1, false, $2)
       returning id)
     insert into account ("accountId", "providerId", "userId", password, "updatedAt")
     select id, 'credential', id, $3, now() from person`,
    [email, role, `$scrypt$ln=1,r=1,p=1$${saltText}$${keyText}`],
  );
}
