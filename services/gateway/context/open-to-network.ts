import type { Logger } from 'pino';
import { type Static, Type } from 'typebox';
import { isLoopbackAddress } from '#platform/values/host-names.ts';

export const openSettings = {
  OPEN_TO_NETWORK: Type.Array(Type.String({ pattern: '^(mailbox|metrics|top-ups)$' }), {
    default: [],
    description:
      'What stays open to anybody where LISTEN_ADDRESS is beyond this machine; `npm start` closes ' +
      'the rest: mailbox, metrics, top-ups.',
  }),
};
const OpenSettings = Type.Object(openSettings);

interface Doors extends Static<typeof OpenSettings> {
  LISTEN_ADDRESS: string;
  MAILBOX_URL?: string | undefined;
  METRICS: boolean;
  WALLET_SELF_TOP_UP: boolean;
}

/**
 * Says in the log what a listener beyond this machine leaves open without a token. It closes
 * nothing: a service alone does what its settings say (decision 31).
 */
export function warnOfOpenDoors(config: Doors, log: Logger): void {
  if (isLoopbackAddress(config.LISTEN_ADDRESS)) return;
  const doors: [name: string, isOpen: boolean, text: string][] = [
    ['mailbox', config.MAILBOX_URL !== undefined, 'every letter (MAILBOX_URL)'],
    ['metrics', config.METRICS, '/metrics (METRICS)'],
    ['top-ups', config.WALLET_SELF_TOP_UP, 'free top-ups of wallets (WALLET_SELF_TOP_UP)'],
  ];
  const open = doors.filter(([name, isOpen]) => isOpen && !config.OPEN_TO_NETWORK.includes(name));
  if (open.length === 0) return;
  const texts = open.map(([, , text]) => text).join(', ');
  log.warn(
    `anybody who reaches ${config.LISTEN_ADDRESS} gets: ${texts}; OPEN_TO_NETWORK=${open
      .map(([name]) => name)
      .join(',')} says that this is meant`,
  );
}
