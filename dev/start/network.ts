import { Type } from 'typebox';
import { loadConfig } from '#platform/config/load-config.ts';
import { type Environment, isGiven, readSetting } from '#platform/config/read-setting.ts';
import { isLoopbackAddress } from '#platform/values/host-names.ts';
import { GatewayConfig } from '#services/gateway/service.ts';
import { SERVICES_WITH_DATABASE } from '../system/services.ts';

/** What the default set-up gives to anybody who reaches it. */
const DOORS = [
  { name: 'mailbox', setting: 'MAILBOX_URL', text: 'the mailbox with every letter' },
  { name: 'metrics', setting: 'METRICS', text: '/metrics' },
  { name: 'top-ups', setting: 'WALLET_SELF_TOP_UP', text: 'free top-ups of wallets' },
] as const;

const Settings = Type.Pick(GatewayConfig, [
  'LISTEN_ADDRESS',
  'OPEN_TO_NETWORK',
  'MAILBOX_URL',
  'METRICS',
  'WALLET_SELF_TOP_UP',
]);

interface Network {
  /** Names of what is closed. */
  closed: string[];
  /** For the screen; empty where only this machine reaches the system. */
  lines: string[];
}

/**
 * Decides what a listener beyond this machine leaves open: what OPEN_TO_NETWORK names, and what a
 * setting of its own asks for (decision 31).
 * @param ownMailbox false where letters go to another mail server
 */
export function readNetwork(env: Environment, ownMailbox: boolean): Network {
  const config = loadConfig('gateway', Settings, env);
  const listeners = listenersBeyond(config.LISTEN_ADDRESS, env);
  if (listeners.length === 0) return { closed: [], lines: [] };
  const isPublic = !isLoopbackAddress(config.LISTEN_ADDRESS);
  // Of these, services other than the gateway have metrics only.
  const doors = DOORS.filter(({ name }) =>
    name === 'mailbox' ? isPublic && ownMailbox : isPublic || name === 'metrics',
  );
  const isOpen = ({ name, setting }: (typeof DOORS)[number]) =>
    isGiven('gateway', setting, env)
      ? config[setting] !== false
      : config.OPEN_TO_NETWORK.includes(name);
  const open = doors.filter(isOpen);
  const closed = doors.filter((door) => !isOpen(door));
  const texts = (some: typeof doors) => some.map(({ text }) => text).join(', ');
  const named = closed.map(({ name }) => name).join(',');
  const ports = listeners.filter(({ service }) =>
    isGiven(service, 'METRICS_PORT', ownOf(service, env)),
  );
  const asked = ports.length > 0 ? '/metrics on METRICS_PORT' : '';
  const openTexts = [texts(open), asked].filter(Boolean).join(', ');
  return {
    closed: closed.map(({ name }) => name),
    lines: [
      `WARNING: other machines reach Orderbell, since ${listeners
        .map(({ setting, address }) => `${setting} is ${address}`)
        .join(', ')}.`,
      `  Open to anybody, without a password: ${openTexts || 'none of what can be closed'}.`,
      `  Closed: ${texts(closed) || 'nothing'}.${
        closed.length > 0 ? ` OPEN_TO_NETWORK=${named} opens it.` : ''
      }`,
      '  Passwords and tokens cross the network without TLS: put a proxy with TLS in front.',
    ],
  };
}

interface Listener {
  service: string;
  setting: string;
  address: string;
}

/** The services that other machines reach, with the setting that lets them. */
function listenersBeyond(gateway: string, env: Environment): Listener[] {
  const others = SERVICES_WITH_DATABASE.map((service) => ({
    service,
    setting: `${service.toUpperCase()}_LISTEN_ADDRESS`,
    address: readSetting(service, 'LISTEN_ADDRESS', ownOf(service, env))?.text,
  }));
  const all = [{ service: 'gateway', setting: 'LISTEN_ADDRESS', address: gateway }, ...others];
  return all.filter((one): one is Listener =>
    one.address === undefined ? false : !isLoopbackAddress(one.address),
  );
}

/** Settings of listeners without a prefix are the gateway's. */
function ownOf(service: string, env: Environment): Environment {
  if (service === 'gateway') return env;
  const prefix = `${service.toUpperCase()}_`;
  return Object.fromEntries(Object.entries(env).filter(([name]) => name.startsWith(prefix)));
}
