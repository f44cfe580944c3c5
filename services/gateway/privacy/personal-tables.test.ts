import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { createTestDatabase, migrationsOf } from '#harness/database.ts';
import { CONSUMER_MIGRATIONS } from '#platform/messaging/consumer/consumer.ts';
import { AUDIT_MIGRATIONS } from '#platform/postgres/audit-trail.ts';
import { migrate } from '#platform/postgres/migrate.ts';
import { SAMPLE_MIGRATIONS } from '#platform/postgres/sampling.ts';
import { LEFT_OUT } from './export-data.ts';

/** Members of an export, the beginning of its text of what is left out, or no personal data. */
const NONE = 'none';
const TABLES: Record<string, string> = {
  'billing.operations': 'operations',
  'billing.payments': 'operations',
  'billing.repairs': 'Records of what operators did',
  'billing.wallet_currency': NONE,
  'billing.wallets': 'balance',
  'identity.account': 'The hash of the password',
  'identity.attempts': 'Counters of failed sign-ins',
  'identity.jwks': NONE,
  'identity.password_resets': 'Hashes of links',
  // The tables of sessions and links of former versions: nothing writes them.
  'identity.session': NONE,
  'identity.sessions': 'account',
  'identity.user': 'account',
  'identity.verification': NONE,
  'notifications.account_letters': 'Letters about the account',
  'notifications.dead_letters': 'Events and dead letters',
  'notifications.erased_customers': NONE,
  'notifications.inbox_retention': NONE,
  'notifications.letter_acknowledgements': 'Records of what operators did',
  'notifications.letter_attempts': 'letters',
  'notifications.letters': 'letters',
  'notifications.mail_refusals': NONE,
  'notifications.recipient_slots': 'Counters of failed sign-ins and of letters',
  'notifications.repairs': 'Records of what operators did',
  'notifications.samples': NONE,
  'orders.orders': 'orders',
  'orders.outbox': 'Events and dead letters',
  'orders.repairs': 'Records of what operators did',
  'orders.samples': NONE,
  'profiles.confirmation_tokens': 'Hashes of links',
  // Who is in it has no export any more.
  'profiles.erasures': NONE,
  'profiles.profiles': 'profile',
  'webhooks.attempts': NONE,
  'webhooks.dead_letters': 'Events and dead letters',
  'webhooks.deliveries': NONE,
  'webhooks.endpoints': NONE,
  'webhooks.events': 'Events and dead letters',
};
// They keep figures of the last hour.
const SAMPLED = ['notifications', 'orders'];
const MEMBERS = ['account', 'balance', 'letters', 'operations', 'orders', 'profile'];

test('each table is in an export, is named as left out, or is about no customer', async (t) => {
  const found: string[] = [];
  for (const name of ['billing', 'identity', 'notifications', 'orders', 'profiles', 'webhooks']) {
    const database = await createTestDatabase(t, migrationsOf(name));
    await migrate(database, AUDIT_MIGRATIONS);
    if (SAMPLED.includes(name)) await migrate(database, SAMPLE_MIGRATIONS);
    // Notifications had its own before the platform did.
    if (name === 'webhooks') await migrate(database, CONSUMER_MIGRATIONS);
    const { rows } = await database.query<{ name: string }>(
      `select relname as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
          and relname not like '%migrations%'`,
    );
    found.push(...rows.map((row) => `${name}.${row.name}`));
  }
  const trails = found.filter((table) => table.endsWith('.audit_trail'));
  assert.equal(trails.length, 6);
  const others = found.filter((table) => !trails.includes(table));
  assert.deepEqual(others.sort(), Object.keys(TABLES).sort());
  const page = await readFile(new URL('../../../docs/privacy.md', import.meta.url), 'utf8');
  for (const [table, place] of Object.entries(TABLES)) {
    if (place === NONE) continue;
    const isNamed = LEFT_OUT.some((text) => text.startsWith(place));
    assert.ok(isNamed || MEMBERS.includes(place), `${table}: ${place}`);
    assert.ok(page.includes(`\`${table.split('.')[1]}\``), `${table} is not in docs/privacy.md`);
  }
});
