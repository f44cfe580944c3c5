import { useState } from 'preact/hooks';
import { useLocation, useRoute } from 'preact-iso';
import { UUID } from '#contracts/patterns.ts';
import type { WebhookDelivery, WebhookEndpoint } from '#contracts/webhooks.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatNumber } from '../model/format.ts';
import { useAction, useLoad } from '../model/load.ts';
import type { PageOf } from '../model/orders.ts';
import {
  DELIVERIES_PATH,
  ENDPOINTS_LIMIT,
  inWords,
  lastAttemptOf,
  refreshOf,
  WEBHOOKS_PATH,
} from '../model/webhooks.ts';
import { Field, Form, TextField } from '../parts/form.tsx';
import { addressOf, Filters, ListPage, Rows, useFilter, usePageOf } from '../parts/list.tsx';
import { Loading, Problem } from '../parts/notices.tsx';
import { Button, Card, Page } from '../parts/page.tsx';
import { Fact, Id, Moment } from '../parts/values.tsx';
import { DeliveryOutcome, DeliveryPill, WebhookAttempts } from '../parts/webhook-views.tsx';
import { webhooks } from '../texts/webhooks.ts';

const REFRESH_MS = 2_000;
const FILTERS = ['all', 'queued', 'delivering', 'delivered', 'dead'] as const;

const isMoving = ({ state }: WebhookDelivery) => state === 'queued' || state === 'delivering';

/** The endpoints, for their names. */
function useEndpoints(): WebhookEndpoint[] {
  const { api } = useConsole();
  const query = { limit: ENDPOINTS_LIMIT };
  const { data } = useLoad('webhook-endpoints', (signal) =>
    api.read<PageOf<WebhookEndpoint>>('/v1/operator/webhook-endpoints', { query, signal }),
  );
  return data?.data ?? [];
}

/** Deliveries to all endpoints, by endpoint, state and order. */
export function WebhookDeliveriesPage() {
  const texts = useTexts(webhooks);
  const words = texts.delivery;
  const { endpoint, order } = useLocation().query;
  const state = useFilter(FILTERS, 'state');
  const endpoints = useEndpoints();
  const deliveries = usePageOf<WebhookDelivery>(
    '/v1/operator/webhook-deliveries',
    { endpointId: endpoint, orderId: order, state: state === 'all' ? undefined : state },
    ({ data }) => (data.some(isMoving) ? REFRESH_MS : null),
  );
  return (
    <Page
      title={texts.deliveries}
      actions={
        <a class="button" href={WEBHOOKS_PATH}>
          {texts.title}
        </a>
      }
    >
      <Search key={`${endpoint} ${order}`} endpoints={endpoints} />
      <Filters
        label={texts.state}
        filters={FILTERS}
        texts={words.filters}
        parameter="state"
        keep={given({ endpoint, order })}
      />
      <ListPage loaded={deliveries} none={words.none} noneHint={words.noneHint}>
        {(data) => <DeliveryList deliveries={data} endpoints={endpoints} />}
      </ListPage>
    </Page>
  );
}

/** The parameters that have a value. */
function given(query: Record<string, string | undefined>): Record<string, string> {
  const all = Object.entries(query).filter(([, value]) => value !== undefined && value !== '');
  return Object.fromEntries(all) as Record<string, string>;
}

function Search({ endpoints }: { endpoints: WebhookEndpoint[] }) {
  const texts = useTexts(webhooks);
  const words = texts.delivery;
  const { query, route } = useLocation();
  const { endpoint, order, state } = query;
  const [chosen, setChosen] = useState(endpoint ?? '');
  const [typed, setTyped] = useState(order ?? '');
  const [checked, setChecked] = useState(false);
  const id = typed.trim();
  const valid = id === '' || UUID.test(id);
  const submit = () => {
    setChecked(true);
    if (!valid) return;
    route(addressOf(DELIVERIES_PATH, given({ endpoint: chosen, order: id, state })));
  };
  return (
    <Form label={words.find} onSubmit={submit}>
      <Field label={texts.endpoint}>
        {(ties) => (
          <select
            {...ties}
            value={chosen}
            onChange={(event) => setChosen(event.currentTarget.value)}
          >
            <option value="">{words.allEndpoints}</option>
            {endpoints.map(({ id: value, description }) => (
              <option key={value} value={value}>
                {description}
              </option>
            ))}
          </select>
        )}
      </Field>
      <TextField
        label={words.order}
        hint={words.orderHint}
        violation={checked && !valid ? words.orderViolation : null}
        value={typed}
        onChange={setTyped}
        input={{ autoComplete: 'off', spellcheck: false }}
      />
      <div class="actions">
        <Button text={words.find} />
        {(endpoint ?? order) !== undefined && <a href={DELIVERIES_PATH}>{words.reset}</a>}
      </div>
    </Form>
  );
}

function DeliveryList(props: { deliveries: WebhookDelivery[]; endpoints: WebhookEndpoint[] }) {
  const { deliveries, endpoints } = props;
  const {
    delivery: texts,
    test: { refused },
  } = useTexts(webhooks);
  const { language } = useConsole();
  const names = new Map(endpoints.map(({ id, description }) => [id, description]));
  const rows = deliveries.map((delivery) => {
    const { id, type, endpointId, state, createdAt, attempts, reason } = delivery;
    return {
      key: id,
      href: `${DELIVERIES_PATH}/${id}`,
      main: texts.types[type],
      side: <DeliveryPill state={state} />,
      dim: (
        <>
          <Moment at={createdAt} />
          {' · '}
          <bdi>{names.get(endpointId) ?? texts.unknownEndpoint}</bdi>
          {attempts.length > 0 &&
            ` · ${texts.attemptCount(formatNumber(lastAttemptOf(delivery), language))}`}
        </>
      ),
      error: state === 'delivered' ? null : (failureOf(delivery, refused) ?? reason),
    };
  });
  return <Rows rows={rows} wrapping />;
}

/** A failure in the reader's language, where the receiver has answered. */
function failureOf({ attempts }: WebhookDelivery, refused: (status: number) => string) {
  const last = attempts.at(-1);
  if (last === undefined || last.status === null || last.error === null) return null;
  return refused(last.status);
}

/** One delivery with its attempts; sends it again. */
export function WebhookDeliveryPage() {
  const texts = useTexts(webhooks);
  const { api } = useConsole();
  const id = useRoute().params.id ?? '';
  /** The number of the last attempt before "deliver again"; null without it. */
  const [since, setSince] = useState<number | null>(null);
  const path = `/v1/operator/webhook-deliveries/${encodeURIComponent(id)}`;
  const delivery = useLoad(
    id,
    (signal) => api.read<WebhookDelivery>(path, { signal }),
    (data) => refreshOf(data, since),
  );
  const { run, running, problem } = useAction(async (data: WebhookDelivery) => {
    await api.call('redeliverOne', { params: { deliveryId: data.id } });
    setSince(lastAttemptOf(data));
    delivery.reload();
  });
  return (
    <Page title={texts.delivery.one}>
      <Loading loaded={delivery}>
        {(data) => (
          <>
            <DeliveryFacts delivery={data} />
            <Problem problem={inWords(problem, texts.open.send)} />
            {since !== null && (
              <DeliveryOutcome delivery={data} since={since} waiting={texts.delivery.trying} />
            )}
            <p>
              <Button
                text={texts.delivery.again}
                disabled={running || data.state === 'delivering'}
                run={() => run(data)}
              />
            </p>
            <Card id="webhook-attempts" title={texts.delivery.attempts}>
              <WebhookAttempts attempts={data.attempts} />
            </Card>
          </>
        )}
      </Loading>
    </Page>
  );
}

function DeliveryFacts({ delivery }: { delivery: WebhookDelivery }) {
  const texts = useTexts(webhooks);
  const words = texts.delivery;
  const { endpointId, eventId, orderId, state, type } = delivery;
  const name = useEndpoints().find(({ id }) => id === endpointId)?.description;
  return (
    <section class="card" aria-label={words.one}>
      <dl class="facts">
        <Fact label={texts.state} quietLabel>
          <DeliveryPill state={state} />
        </Fact>
        <Fact label={words.type} quietLabel>
          {words.types[type]}
        </Fact>
        <Fact label={texts.endpoint}>
          <a href={`${WEBHOOKS_PATH}/${endpointId}`}>
            {name === undefined ? <Id value={endpointId} /> : <bdi>{name}</bdi>}
          </a>
        </Fact>
        {orderId !== null && (
          <Fact label={words.order}>
            <a href={`/operator/orders/${orderId}`}>
              <Id value={orderId} />
            </a>
          </Fact>
        )}
        <Fact label={words.event} code={eventId} />
        <Fact label={words.created} at={delivery.createdAt} />
        <Fact label={words.delivered} at={delivery.deliveredAt} />
        {state === 'queued' && <Fact label={words.next} at={delivery.nextAttemptAt} />}
      </dl>
    </section>
  );
}
