import type { ComponentType } from 'preact';
import { useState } from 'preact/hooks';
import type { WebhookEndpoint, WebhookEndpointData } from '#contracts/webhooks.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { useAction } from '../model/load.ts';
import { DELIVERIES_PATH, inWords, STATUSES, WEBHOOKS_PATH } from '../model/webhooks.ts';
import { ListPage, Rows, usePageOf } from '../parts/list.tsx';
import { Empty } from '../parts/notices.tsx';
import { Page } from '../parts/page.tsx';
import { WebhookForm } from '../parts/webhook-form.tsx';
import { WebhookSecret } from '../parts/webhook-secret.tsx';
import { EndpointPill } from '../parts/webhook-views.tsx';
import { webhooks } from '../texts/webhooks.ts';

const NEW: WebhookEndpointData = { url: '', description: '', statuses: STATUSES };

/** A page of webhooks; where the installation has none, it says so. */
export function ofWebhooks(Shown: ComponentType): ComponentType {
  return function WebhooksOnly() {
    const texts = useTexts(webhooks);
    const { config } = useConsole();
    if (config.webhooks === true) return <Shown />;
    return (
      <Page title={texts.title}>
        <Empty title={texts.off} hint={texts.offHint} />
      </Page>
    );
  };
}

/** The addresses that receive webhooks. */
export function WebhooksPage() {
  const texts = useTexts(webhooks);
  const endpoints = usePageOf<WebhookEndpoint>('/v1/operator/webhook-endpoints');
  return (
    <Page
      title={texts.title}
      lead={texts.lead}
      actions={
        <>
          <a class="button" href={DELIVERIES_PATH}>
            {texts.deliveries}
          </a>
          <a class="button primary" href={`${WEBHOOKS_PATH}/new`}>
            {texts.add}
          </a>
        </>
      }
    >
      <ListPage loaded={endpoints} none={texts.none} noneHint={texts.noneHint}>
        {(data) => <EndpointList endpoints={data} />}
      </ListPage>
    </Page>
  );
}

function EndpointList({ endpoints }: { endpoints: WebhookEndpoint[] }) {
  const texts = useTexts(webhooks);
  const rows = endpoints.map(({ id, url, description, state, statuses, disabledReason }) => ({
    key: id,
    href: `${WEBHOOKS_PATH}/${id}`,
    main: <bdi>{description}</bdi>,
    side: <EndpointPill state={state} />,
    dim: (
      <>
        <bdi>{url}</bdi>
        {` · ${statuses.map((status) => texts.statuses[status]).join(', ')}`}
      </>
    ),
    error: disabledReason === 'gone' ? texts.reasons.gone : null,
  }));
  return <Rows rows={rows} wrapping />;
}

/** The form of a new endpoint, and then its secret, once. */
export function AddWebhookPage() {
  const texts = useTexts(webhooks);
  const { api } = useConsole();
  const [added, setAdded] = useState<{ id: string; secret: string } | null>(null);
  const { run, running, problem } = useAction(async (body: WebhookEndpointData) => {
    // Sent once: a repetition would add another one.
    setAdded((await api.call('addWebhookEndpoint', { body })).body);
  });
  return (
    <Page title={texts.add}>
      {added === null ? (
        <WebhookForm
          label={texts.add}
          initial={NEW}
          submit={texts.add}
          running={running}
          problem={inWords(problem, texts.open.add)}
          onSubmit={run}
        />
      ) : (
        <WebhookSecret secret={added.secret}>
          <a class="button" href={`${WEBHOOKS_PATH}/${added.id}`}>
            {texts.secret.toEndpoint}
          </a>
        </WebhookSecret>
      )}
    </Page>
  );
}
