import type { ComponentChildren } from 'preact';
import type { Letter, LetterAttempt } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration, type Language } from '../model/format.ts';
import { confirm } from '../texts/confirm.ts';
import { customer } from '../texts/customer.ts';
import { LetterTabs } from './letter-tabs.tsx';
import { Rows } from './list.tsx';
import { Notice } from './notices.tsx';
import { nameOfOrder, OrderNumber } from './order-number.tsx';
import { Fact, Moment, Pill, type Tone } from './values.tsx';

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
  const { letterWaits } = useTexts(confirm);
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
      error: showReasons && letter.state !== 'sent' ? reasonOf(letter, letterWaits) : null,
      action: action?.(letter),
    };
  });
  return <Rows rows={rows} />;
}

/** Whether a letter's state is about to change. */
export function isUnsettled({ state, waitsFor }: Letter): boolean {
  return (state === 'queued' && waitsFor === undefined) || state === 'sending';
}

function reasonOf({ reason, waitsFor }: Letter, letterWaits: string): string | null {
  return waitsFor === 'confirmation' ? letterWaits : reason;
}

/** The title of a letter's tab: `Письмо счастья № 7K3QX-0M2RT`. */
export function tabOf(title: string, letter: Letter | null, language: Language): string {
  return letter === null ? title : `${title} ${nameOfOrder(letter.orderId, language)}`;
}

/** A letter as it was sent: HTML, text, headers, attempts. */
export function LetterView({ letter, orderHref }: { letter: Letter; orderHref?: string }) {
  const texts = useTexts(customer).letters;
  const { attempts, html, state } = letter;
  const reason = reasonOf(letter, useTexts(confirm).letterWaits);
  return (
    <article class="card letter">
      <header class="letter-head">
        {letter.subject !== null && (
          <p class="letter-subject">
            <bdi>{letter.subject}</bdi>
          </p>
        )}
        <dl class="facts">
          <Fact label={texts.to} text={letter.to} />
          <Fact label={texts.order}>
            <a href={orderHref ?? `/orders/${letter.orderId}`}>
              <OrderNumber id={letter.orderId} />
            </a>
          </Fact>
          <Fact label={texts.sentAt} at={letter.sentAt} />
          <Fact label={texts.state} quietLabel>
            <LetterPill state={state} />
          </Fact>
        </dl>
      </header>
      {reason !== null && state !== 'sent' && (
        <Notice tone={state === 'failed' ? 'bad' : 'wait'}>{reason}</Notice>
      )}
      {letter.unknownOutcomes > 0 && (
        <Notice tone="wait">{texts.resent(letter.unknownOutcomes)}</Notice>
      )}
      {html === null && <p class="quiet">{attempts.length === 0 ? texts.notYet : texts.unsent}</p>}
      <LetterTabs
        letter={letter}
        last={{
          name: 'attempts',
          label: `${texts.attempts} (${attempts.length})`,
          content: () => <Attempts attempts={attempts} />,
        }}
      />
    </article>
  );
}

function Attempts({ attempts }: { attempts: LetterAttempt[] }) {
  const texts = useTexts(customer).letters;
  const { language } = useConsole();
  if (attempts.length === 0) return <p class="quiet">{texts.noAttempts}</p>;
  return (
    <ol class="attempts">
      {attempts.toReversed().map((attempt) => (
        <li key={attempt.number}>
          <p>
            <strong>{texts.attempt(attempt.number)}</strong>
            {': '}
            {texts.outcomes[attempt.outcome]}
          </p>
          <p class="quiet">
            <Moment at={attempt.startedAt} />
            {' · '}
            {texts.took} {formatDuration(attempt.durationMs, language)}
          </p>
          {attempt.response !== null && (
            <p>
              {texts.server}: <code>{attempt.response}</code>
            </p>
          )}
          {attempt.error !== null && <p class="error">{attempt.error}</p>}
        </li>
      ))}
    </ol>
  );
}
