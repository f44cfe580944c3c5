import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { Environment } from '#platform/config/load-config.ts';
import { publicKeyOf } from '#platform/http/service-token.ts';
import type { ServiceDefinition } from '#platform/service/definition.ts';
import { newPrivateKey, randomText } from '../system/secrets.ts';
import { calleesOf } from '../system/wiring.ts';

// A secret is replaced in three steps, so that at each moment all running processes understand each
// other: those that check accept the new one, those that prove use it, and the old one is removed.

export const STEPS = ['add', 'switch', 'remove'] as const;
export type Step = (typeof STEPS)[number];

/** Steps that are done: none, `add`, or `add` and `switch`. */
export type Progress = 0 | 1 | 2;

/** New values of settings; undefined removes one. */
export type Changes = Record<string, string | undefined>;

/** How one secret is replaced. */
export interface Rotation {
  /** The settings that it changes. */
  settings: string[];
  progressOf(env: Environment): Progress;
  /** Makes the step after this progress. */
  change(step: Step, env: Environment): Promise<Changes>;
  /** What a step has done, and the services that read it at their next start. */
  results: Record<Step, { done: string; restart: string[] }>;
}

/** Settings that hold the new value until it is in use; no service reads them. */
export const nextOf = (name: string): string => `${name}_NEXT`;

/** The rotations of an installation, by the words of the command. */
export function rotationsOf(services: readonly ServiceDefinition[]): Map<string, Rotation> {
  const rotations = new Map<string, Rotation>();
  for (const service of services) {
    const setting = `${service.name.toUpperCase()}_PRIVATE_KEY`;
    if (setting in service.settings.properties) {
      rotations.set(service.name, serviceKey(service.name, setting, calleesOf(service, services)));
    }
  }
  for (const { name, settings } of services) {
    const setting = `${name.toUpperCase()}_SECRET`;
    if (setting in settings.properties) {
      rotations.set(`${name}-secret`, storedTextsSecret(name, setting));
    }
  }
  return rotations;
}

interface PublicKey {
  kid: string;
  x: string;
}

const publicKeysIn = (env: Environment): PublicKey[] =>
  JSON.parse(env.SERVICE_PUBLIC_KEYS ?? '{"keys":[]}').keys;

/** The key by which a service proves its name to its callees. */
function serviceKey(caller: string, setting: string, callees: string[]): Rotation {
  const next = nextOf(setting);
  return {
    settings: [setting, 'SERVICE_PUBLIC_KEYS'],
    progressOf(env) {
      if (env[next] !== undefined) return 1;
      return publicKeysIn(env).filter(({ kid }) => kid === caller).length > 1 ? 2 : 0;
    },
    async change(step, env) {
      const keys = publicKeysIn(env);
      if (step === 'add') {
        const key = newPrivateKey();
        const all = [...keys, await publicKeyOf(caller, key)];
        return { [next]: key, SERVICE_PUBLIC_KEYS: JSON.stringify({ keys: all }) };
      }
      if (step === 'switch') return { [setting]: env[next], [next]: undefined };
      const inUse = publicPartOf(env[setting] ?? '');
      const kept = keys.filter(({ kid, x }) => kid !== caller || x === inUse);
      return { SERVICE_PUBLIC_KEYS: JSON.stringify({ keys: kept }) };
    },
    results: {
      add: {
        done: `SERVICE_PUBLIC_KEYS has the new public key of ${caller} next to the old one`,
        restart: callees,
      },
      switch: { done: `${setting} is the new key`, restart: [caller] },
      remove: {
        done: `SERVICE_PUBLIC_KEYS has only the new public key of ${caller}`,
        restart: callees,
      },
    },
  };
}

function publicPartOf(pem: string): string | undefined {
  const key = createPublicKey(createPrivateKey(pem.replaceAll('\\n', '\n')));
  return key.export({ format: 'jwk' }).x;
}

/** The secret that encrypts texts in the database of a service. */
function storedTextsSecret(service: string, setting: string): Rotation {
  const other = `${setting}_PREVIOUS`;
  const next = nextOf(setting);
  const restart = [service];
  return {
    settings: [setting],
    progressOf(env) {
      if (env[next] !== undefined) return 1;
      return env[other] === undefined ? 0 : 2;
    },
    async change(step, env) {
      const made = randomText();
      if (step === 'add') return { [next]: made, [other]: made };
      if (step === 'remove') return { [other]: undefined };
      return { [setting]: env[next], [other]: env[setting], [next]: undefined };
    },
    results: {
      add: { done: `${other} has the new secret, so that all replicas can read it`, restart },
      switch: { done: `${setting} is the new secret, and ${other} the old one`, restart },
      remove: { done: `the old secret is gone`, restart },
    },
  };
}
