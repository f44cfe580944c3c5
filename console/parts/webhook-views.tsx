import type { WebhookAttempt, WebhookDelivery, WebhookEndpoint } from '#contracts/webhooks.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatDuration } from '../model/format.ts';
import { isAwaited } from '../model/webhooks.ts';
import { webhooks } from '../texts/webhooks.ts';
import { Notice } from './notices.tsx';
import { Moment, Pill, type Tone } from './values.tsx';

const TONES: Record<WebhookDelivery['state'], Tone> = {
  queued: 'wait',
  delivering: 'wait',
  delivered: 'good',
  dead: 'bad',
};

export function DeliveryPill({ state }: Pick<WebhookDelivery, 'state'>) {
  const { states } = useTexts(webhooks).delivery;
  return <Pill tone={TONES[state]}>{states[state]}</Pill>;
}

export function EndpointPill({ state }: Pick<WebhookEndpoint, 'state'>) {
  const { states } = useTexts(webhooks);
  return <Pill tone={state === 'enabled' ? 'good' : 'quiet'}>{states[state]}</Pill>;
}

/** What became of a webhook that was just sent. @param props.since the last attempt before it */
export function DeliveryOutcome(props: {
  delivery: WebhookDelivery;
  since: number;
  waiting: string;
}) {
  const { delivery, since, waiting } = props;
  const texts = useTexts(webhooks).test;
  if (isAwaited(delivery, since)) return <Notice tone="wait">{waiting}</Notice>;
  const attempt = delivery.attempts.at(-1);
  const status = attempt?.status ?? null;
  if (delivery.state === 'delivered') {
    return <Notice tone="good">{texts.delivered(status ?? 0)}</Notice>;
  }
  const failed = attempt?.error ?? delivery.reason ?? '';
  return (
    <Notice tone="bad">
      {status === null ? texts.failed(failed) : texts.refused(status)}
      {delivery.nextAttemptAt !== null && (
        <p>
          {texts.next}: <Moment at={delivery.nextAttemptAt} />
        </p>
      )}
    </Notice>
  );
}

/** The attempts of a delivery, newest first. */
export function WebhookAttempts({ attempts }: { attempts: WebhookAttempt[] }) {
  const texts = useTexts(webhooks).delivery;
  const { language } = useConsole();
  if (attempts.length === 0) return <p class="quiet">{texts.noAttempts}</p>;
  return (
    <ol class="attempts">
      {attempts.toReversed().map(({ number, startedAt, durationMs, status, error }) => (
        <li key={number}>
          <p>
            <strong>{texts.attempt(number)}</strong>
            {`: ${status === null ? texts.noAnswer : texts.answered(status)}`}
          </p>
          <p class="quiet">
            <Moment at={startedAt} />
            {` · ${texts.took} ${formatDuration(durationMs, language)}`}
          </p>
          {status === null && error !== null && (
            <p class="error">
              <bdi>{error}</bdi>
            </p>
          )}
        </li>
      ))}
    </ol>
  );
}
