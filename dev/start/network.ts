import { Type } from 'typebox';
import { loadConfig } from '#platform/config/load-config.ts';
import { type Environment, isGiven } from '#platform/config/read-setting.ts';
import { isLoopbackAddress } from '#platform/values/host-names.ts';
import { GatewayConfig } from '#services/gateway/service.ts';

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
  const address = config.LISTEN_ADDRESS;
  if (isLoopbackAddress(address)) return { closed: [], lines: [] };
  const doors = DOORS.filter(({ name }) => name !== 'mailbox' || ownMailbox);
  const isOpen = ({ name, setting }: (typeof DOORS)[number]) =>
    isGiven('gateway', setting, env)
      ? config[setting] !== false
      : config.OPEN_TO_NETWORK.includes(name);
  const open = doors.filter(isOpen);
  const closed = doors.filter((door) => !isOpen(door));
  const texts = (some: typeof doors) => some.map(({ text }) => text).join(', ');
  const named = closed.map(({ name }) => name).join(',');
  return {
    closed: closed.map(({ name }) => name),
    lines: [
      `WARNING: other machines reach Orderbell, since LISTEN_ADDRESS is ${address}.`,
      `  Open to anybody, without a password: ${texts(open) || 'none of what can be closed'}.`,
      `  Closed: ${texts(closed) || 'nothing'}.${
        closed.length > 0 ? ` OPEN_TO_NETWORK=${named} opens it.` : ''
      }`,
      '  Passwords and tokens cross the network without TLS: put a proxy with TLS in front.',
    ],
  };
}
