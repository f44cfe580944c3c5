import { useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import type { WebhookEndpoint, WebhookEndpointData } from '#contracts/webhooks.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction, useLoad } from '../model/load.ts';
import { DELIVERIES_PATH, inWords, WEBHOOKS_PATH } from '../model/webhooks.ts';
import { addressOf } from '../parts/list.tsx';
import { Loading, Notice, Problem } from '../parts/notices.tsx';
import { Button, Card, Page } from '../parts/page.tsx';
import { Question } from '../parts/question.tsx';
import { Fact, Moment } from '../parts/values.tsx';
import { WebhookForm } from '../parts/webhook-form.tsx';
import { WebhookReplay } from '../parts/webhook-replay.tsx';
import { WebhookSecret } from '../parts/webhook-secret.tsx';
import { WebhookTest } from '../parts/webhook-test.tsx';
import { EndpointPill } from '../parts/webhook-views.tsx';
import { webhooks } from '../texts/webhooks.ts';

interface OfEndpoint {
  endpoint: WebhookEndpoint;
  reload: () => void;
}

/** One address that receives webhooks, and everything that an operator does with it. */
export function WebhookEndpointPage() {
  const texts = useTexts(webhooks);
  const { api } = useConsole();
  const id = useRoute().params.id ?? '';
  const address = `/v1/operator/webhook-endpoints/${encodeURIComponent(id)}`;
  const endpoint = useLoad(id, (signal) => api.read<WebhookEndpoint>(address, { signal }));
  const { reload } = endpoint;
  return (
    <Page
      title={endpoint.data?.description ?? texts.endpoint}
      actions={
        <a class="button" href={addressOf(DELIVERIES_PATH, { endpoint: id })}>
          {texts.deliveries}
        </a>
      }
    >
      <Loading loaded={endpoint}>
        {(data) => (
          <>
            <EndpointFacts endpoint={data} />
            <Change endpoint={data} reload={reload} />
            <WebhookTest endpointId={id} onEnded={reload} />
            <WebhookReplay endpointId={id} />
            <Rotate endpoint={data} reload={reload} />
            <Remove endpoint={data} />
          </>
        )}
      </Loading>
    </Page>
  );
}

function EndpointFacts({ endpoint }: { endpoint: WebhookEndpoint }) {
  const texts = useTexts(webhooks);
  const { createdAt, disabledReason, previousSecretUntil, state, statuses, url } = endpoint;
  return (
    <>
      <dl class="facts">
        <Fact label={texts.state} quietLabel>
          <EndpointPill state={state} />
        </Fact>
        <Fact label={texts.url} code={url} />
        <Fact label={texts.events}>
          {statuses.map((status) => texts.statuses[status]).join(', ')}
        </Fact>
        <Fact label={texts.created} at={createdAt} />
        <Fact label={texts.secret.until} at={previousSecretUntil} />
      </dl>
      {disabledReason !== null && (
        <Notice tone="wait">
          {texts.reasons[disabledReason]} {texts.waiting}
        </Notice>
      )}
    </>
  );
}

function Change({ endpoint, reload }: OfEndpoint) {
  const texts = useTexts(webhooks);
  const { api } = useConsole();
  const { id: endpointId, url, description, statuses, state } = endpoint;
  const put = async (body: WebhookEndpointData & Pick<WebhookEndpoint, 'state'>) => {
    // The same change made twice changes nothing more.
    await api.call('changeWebhookEndpoint', { params: { endpointId }, body, repeat: true });
    reload();
    return true;
  };
  const save = useAction((data: WebhookEndpointData) => put({ ...data, state }));
  const turn = useAction(() => {
    const next = state === 'enabled' ? 'disabled' : 'enabled';
    return put({ url, description, statuses, state: next });
  });
  return (
    <>
      <Problem problem={turn.problem} />
      <p>
        <Button
          text={state === 'enabled' ? texts.disable : texts.enable}
          look={state === 'enabled' ? undefined : 'primary'}
          disabled={turn.running}
          run={turn.run}
        />
      </p>
      <details class="resend-many">
        <summary>{texts.change}</summary>
        <WebhookForm
          label={texts.change}
          initial={{ url, description, statuses }}
          submit={texts.save}
          running={save.running}
          problem={save.problem}
          onSubmit={save.run}
        />
        {save.result && <Notice tone="good">{texts.saved}</Notice>}
      </details>
    </>
  );
}

function Rotate({ endpoint, reload }: OfEndpoint) {
  const texts = useTexts(webhooks);
  const { api } = useConsole();
  const [asked, setAsked] = useState(false);
  const { run, running, problem, result } = useAction(async () => {
    const params = { endpointId: endpoint.id };
    try {
      const { body } = await api.call('rotateEndpointSecret', { params });
      reload();
      return body;
    } finally {
      setAsked(false);
    }
  });
  const words = texts.secret;
  const ask = endpoint.previousSecretUntil === null ? words.rotateAsk : words.rotateAgain;
  return (
    <>
      <Card id="webhook-rotation" title={words.rotate}>
        <p class="hint">{words.rotateHint}</p>
        <Problem problem={inWords(problem, texts.open.rotate)} />
        {asked ? (
          <Question
            text={ask}
            confirm={words.rotate}
            cancel={texts.cancel}
            running={running}
            onConfirm={run}
            onCancel={() => setAsked(false)}
          />
        ) : (
          <Button text={words.rotate} run={() => setAsked(true)} />
        )}
      </Card>
      {result !== null && !asked && (
        <>
          {result.previousSecretUntil !== null && (
            <Notice tone="good">
              {words.rotated} <Moment at={result.previousSecretUntil} />.
            </Notice>
          )}
          <WebhookSecret secret={result.secret} />
        </>
      )}
    </>
  );
}

function Remove({ endpoint }: { endpoint: WebhookEndpoint }) {
  const texts = useTexts(webhooks);
  const { api } = useConsole();
  const { route } = useLocation();
  const [asked, setAsked] = useState(false);
  const { run, running, problem } = useAction(async () => {
    const params = { endpointId: endpoint.id };
    await api.call('removeWebhookEndpoint', { params, repeat: true });
    route(WEBHOOKS_PATH);
  });
  return (
    <Card id="webhook-removal" title={texts.remove.title}>
      <p class="hint">{texts.remove.hint}</p>
      <Problem problem={problem} />
      {asked ? (
        <Question
          text={texts.remove.ask(endpoint.description)}
          confirm={texts.remove.run}
          cancel={texts.cancel}
          running={running}
          onConfirm={run}
          onCancel={() => setAsked(false)}
        />
      ) : (
        <Button text={texts.remove.run} run={() => setAsked(true)} />
      )}
    </Card>
  );
}
