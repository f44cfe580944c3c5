import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { ORDER_UPDATE_TYPE, ORDERS_TOPIC } from '#contracts/order-update-message.ts';
import { createEmbeddedBroker } from '#platform/broker/embedded/embedded.ts';
import { createDatabase } from '#platform/postgres/database.ts';
import { readPidFile } from '../files/process.ts';
import { findClusterDirectory } from '../postgres/cluster-directory.ts';
import { serverUrl } from '../postgres/server.ts';
import type { Secrets } from '../system/secrets.ts';
import { OPERATOR_EMAIL } from '../system/system.ts';
import { demoClient, isRefusal } from './fill.ts';

/** A system whose embedded broker can be reached. */
export interface ReachableSystem {
  /** Base URL of its public API. */
  url: string;
  operatorPassword: string;
  brokerDatabaseUrl: string;
}

const APPEARS_MS = 20_000;
const POLL_MS = 200;
const PAGE = 100;

/**
 * The system of a data folder on this machine.
 * @returns null when no database server runs there, or its broker is a Kafka
 */
export async function findReachable(url: string, home: string): Promise<ReachableSystem | null> {
  if (process.env.KAFKA_BROKERS?.trim()) return null;
  const secrets = await readSecrets(home);
  if (secrets === null) return null;
  const { data } = await findClusterDirectory(home, () => {});
  const port = readPidFile(data)?.port;
  if (port === undefined) return null;
  return {
    url,
    operatorPassword: secrets.operatorPassword,
    brokerDatabaseUrl: serverUrl(port, 'broker', secrets.databasePassword, 'broker'),
  };
}

async function readSecrets(home: string): Promise<Secrets | null> {
  try {
    return JSON.parse(await readFile(join(home, 'secrets.json'), 'utf8')) as Secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/**
 * Publishes one message that lacks a member, once per seed, and waits until it is a dead letter.
 * @returns false when the system at the URL is not the one of the data folder, or does not read
 *   the embedded broker
 */
export async function makeDeadLetter(
  { brokerDatabaseUrl, operatorPassword, url }: ReachableSystem,
  seed: string,
  log: Logger,
): Promise<boolean> {
  let token = '';
  const client = demoClient(url, () => token);
  const account = { email: OPERATOR_EMAIL, password: operatorPassword };
  try {
    token = (await client.call('signIn', { body: account, repeat: true })).body.accessToken;
  } catch (error) {
    // Only the system of this very folder knows this password.
    if (isRefusal(error, 'sign-in-failed')) return false;
    throw error;
  }
  const key = `demo-${seed}`;
  const isThere = async () => {
    const { body } = await client.call('readDeadLetters', { query: { limit: PAGE } });
    return body.data.some((deadLetter) => deadLetter.key === key);
  };
  if (await isThere()) return true;
  const database = createDatabase({
    url: brokerDatabaseUrl,
    connectionsMax: 2,
    applicationName: 'orderbell demo',
    log,
  });
  const broker = await createEmbeddedBroker({ database, log });
  try {
    await broker.publish(ORDERS_TOPIC, [brokenMessage(key)]);
  } finally {
    await broker.close();
    await database.close();
  }
  const end = performance.now() + APPEARS_MS;
  while (performance.now() < end) {
    if (await isThere()) return true;
    await sleep(POLL_MS);
  }
  return false;
}

/** A message of our type whose JSON is valid but lacks the order. */
function brokenMessage(key: string) {
  const value = { customerId: 'demo', version: 2, previousStatus: 'Pending', status: 'Paid' };
  const headers = {
    ce_specversion: '1.0',
    ce_id: uuidOf(key),
    ce_type: ORDER_UPDATE_TYPE,
    ce_source: '/demo',
    'content-type': 'application/json',
  };
  return { key, value: Buffer.from(JSON.stringify(value)), headers };
}

/** A UUID derived from a text (RFC 9562, version 8: custom). */
function uuidOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12}).*$/, '$1-$2-8$3-8$4-$5');
}
