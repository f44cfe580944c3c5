import { useEffect } from 'preact/hooks';
import type { WebhookDelivery } from '#contracts/webhooks.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction, useLoad } from '../model/load.ts';
import { DELIVERIES_PATH, inWords, isAwaited, refreshOf } from '../model/webhooks.ts';
import { webhooks } from '../texts/webhooks.ts';
import { Loading, Problem } from './notices.tsx';
import { Button, Card } from './page.tsx';
import { DeliveryOutcome } from './webhook-views.tsx';

/** Sends a test to an endpoint and shows what became of it. */
export function WebhookTest(props: { endpointId: string; onEnded: () => void }) {
  const { endpointId, onEnded } = props;
  const texts = useTexts(webhooks);
  const { api } = useConsole();
  const { run, running, problem, result } = useAction(async () => {
    return (await api.call('sendTestWebhook', { params: { endpointId } })).body.id;
  });
  return (
    <Card id="webhook-test" title={texts.test.title}>
      <p class="hint">{texts.test.hint}</p>
      <Problem problem={inWords(problem, texts.open.send)} />
      <p>
        <Button text={texts.test.send} disabled={running} run={run} />
      </p>
      {result !== null && <Sent key={result} id={result} onEnded={onEnded} />}
    </Card>
  );
}

function Sent({ id, onEnded }: { id: string; onEnded: () => void }) {
  const texts = useTexts(webhooks).test;
  const { api } = useConsole();
  const delivery = useLoad(
    id,
    (signal) => api.read<WebhookDelivery>(`/v1/operator/webhook-deliveries/${id}`, { signal }),
    (data) => refreshOf(data, 0),
  );
  const ended = delivery.data !== null && !isAwaited(delivery.data, 0);
  // The receiver may have answered 410, which disables the endpoint.
  useEffect(() => {
    if (ended) onEnded();
  }, [ended]);
  return (
    <Loading loaded={delivery}>
      {(data) => (
        <>
          <DeliveryOutcome delivery={data} since={0} waiting={texts.waiting} />
          <p>
            <a href={`${DELIVERIES_PATH}/${id}`}>{texts.open}</a>
          </p>
        </>
      )}
    </Loading>
  );
}
