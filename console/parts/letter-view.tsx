import type { Letter, LetterAttempt } from '#contracts/notifications.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration } from '../model/format.ts';
import { customer } from '../texts/customer.ts';
import { HeadersTable } from './headers-table.tsx';
import { LetterFrame } from './letter-frame.tsx';
import { LetterPill } from './letter-list.tsx';
import { Notice } from './notices.tsx';
import { type Tab, Tabs } from './tabs.tsx';
import { Id, Moment } from './values.tsx';

/** A letter as it was sent: HTML, text, headers, attempts. */
export function LetterView({ letter, orderHref }: { letter: Letter; orderHref?: string }) {
  const texts = useTexts(customer).letters;
  const { html, text, headers } = letter;
  const tabs: Tab[] = [
    ...(html === null
      ? []
      : [
          {
            name: 'html',
            label: texts.html,
            content: () => <LetterFrame html={html} title={texts.frame} />,
          },
        ]),
    ...(text === null
      ? []
      : [{ name: 'text', label: texts.text, content: () => <pre class="text">{text}</pre> }]),
    ...(headers === null
      ? []
      : [
          {
            name: 'headers',
            label: texts.headers,
            content: () => <HeadersTable headers={headers} label={texts.headers} />,
          },
        ]),
    {
      name: 'attempts',
      label: `${texts.attempts} (${letter.attempts.length})`,
      content: () => <Attempts attempts={letter.attempts} />,
    },
  ];
  return (
    <article class="card letter">
      <header class="letter-head">
        {letter.subject !== null && <p class="letter-subject">{letter.subject}</p>}
        <dl class="facts">
          {letter.to !== null && (
            <div>
              <dt>{texts.to}</dt>
              <dd>
                <bdi>{letter.to}</bdi>
              </dd>
            </div>
          )}
          <div>
            <dt>{texts.order}</dt>
            <dd>
              <a href={orderHref ?? `/orders/${letter.orderId}`}>
                <Id value={letter.orderId} />
              </a>
            </dd>
          </div>
          {letter.sentAt !== null && (
            <div>
              <dt>{texts.sentAt}</dt>
              <dd>
                <Moment at={letter.sentAt} />
              </dd>
            </div>
          )}
          <div>
            <dt class="unseen">{texts.title}</dt>
            <dd>
              <LetterPill state={letter.state} />
            </dd>
          </div>
        </dl>
      </header>
      {letter.reason !== null && letter.state !== 'sent' && (
        <Notice tone={letter.state === 'failed' ? 'bad' : 'wait'}>{letter.reason}</Notice>
      )}
      {letter.unknownOutcomes > 0 && (
        <Notice tone="wait">{texts.doubled(letter.unknownOutcomes)}</Notice>
      )}
      {html === null && <p class="quiet">{texts.notYet}</p>}
      <Tabs label={texts.title} tabs={tabs} />
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
          {attempt.error !== null && <p class="fault">{attempt.error}</p>}
        </li>
      ))}
    </ol>
  );
}
