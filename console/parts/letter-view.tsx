import type { Letter, LetterAttempt } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration } from '../model/format.ts';
import { customer } from '../texts/customer.ts';
import { Fact } from './fact.tsx';
import { LetterPill } from './letter-list.tsx';
import { LetterTabs } from './letter-tabs.tsx';
import { Notice } from './notices.tsx';
import { Id, Moment } from './values.tsx';

/** A letter as it was sent: HTML, text, headers, attempts. */
export function LetterView({ letter, orderHref }: { letter: Letter; orderHref?: string }) {
  const texts = useTexts(customer).letters;
  const { attempts, html, state } = letter;
  return (
    <article class="card letter">
      <header class="letter-head">
        {letter.subject !== null && <p class="letter-subject">{letter.subject}</p>}
        <dl class="facts">
          {letter.to !== null && (
            <Fact label={texts.to}>
              <bdi>{letter.to}</bdi>
            </Fact>
          )}
          <Fact label={texts.order}>
            <a href={orderHref ?? `/orders/${letter.orderId}`}>
              <Id value={letter.orderId} />
            </a>
          </Fact>
          {letter.sentAt !== null && (
            <Fact label={texts.sentAt}>
              <Moment at={letter.sentAt} />
            </Fact>
          )}
          <Fact label={texts.state} quietLabel>
            <LetterPill state={state} />
          </Fact>
        </dl>
      </header>
      {letter.reason !== null && state !== 'sent' && (
        <Notice tone={state === 'failed' ? 'bad' : 'wait'}>{letter.reason}</Notice>
      )}
      {letter.unknownOutcomes > 0 && (
        <Notice tone="wait">{texts.resent(letter.unknownOutcomes)}</Notice>
      )}
      {html === null && <p class="quiet">{texts.notYet}</p>}
      <LetterTabs
        letter={letter}
        texts={texts}
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
