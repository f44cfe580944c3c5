import type { ComponentChildren } from 'preact';
import type { Letter } from '#contracts/notifications.ts';
import { useTexts } from '../model/context.ts';
import { customer } from '../texts/customer.ts';
import { Rows } from './list.tsx';
import { Moment, Pill, type Tone } from './values.tsx';

const TONES: Record<Letter['state'], Tone> = {
  queued: 'wait',
  sending: 'wait',
  sent: 'good',
  failed: 'bad',
};

export function LetterPill({ state }: { state: Letter['state'] }) {
  return <Pill tone={TONES[state]}>{useTexts(customer).letters.states[state]}</Pill>;
}

/** Letters, each a link to its page. */
export function LetterList<L extends Letter>(props: {
  letters: L[];
  /** The folder of their pages. */
  path: string;
  /** Shown for a letter without an address. */
  noRecipient?: string;
  showReasons?: boolean;
  action?: (letter: L) => ComponentChildren;
}) {
  const { letters, path, noRecipient, showReasons = false, action } = props;
  const { kinds } = useTexts(customer).letters;
  const rows = letters.map((letter) => {
    const to = letter.to ?? noRecipient;
    return {
      key: letter.id,
      href: `${path}/${letter.id}`,
      main: kinds[letter.kind],
      side: <LetterPill state={letter.state} />,
      dim: (
        <>
          <Moment at={letter.sentAt ?? letter.createdAt} />
          {to !== undefined && ' · '}
          {to !== undefined && <bdi>{to}</bdi>}
        </>
      ),
      error: showReasons && letter.state !== 'sent' ? letter.reason : null,
      action: action?.(letter),
    };
  });
  return <Rows rows={rows} />;
}

/** Whether a letter's state is about to change. */
export function isUnsettled({ state }: Letter): boolean {
  return state === 'queued' || state === 'sending';
}
