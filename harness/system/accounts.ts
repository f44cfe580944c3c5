import { scryptSync } from 'node:crypto';
import { queryRows } from '../database.ts';

// A password hash takes 0.1 s by design, and so does each check. The hash contains its settings, so
// the same code checks a hash with the smallest settings at once.
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
