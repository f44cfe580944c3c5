import { type History, itemsText, type OrderAnswer } from './history.ts';
import { by, found, type Row, type StoredState } from './stored-state.ts';

/** Every contradiction between the stored state and the answers that clients got. */
export function historyViolations(state: StoredState, history: History): string[] {
  return [
    ...orderAnswerViolations(state, history),
    ...topUpViolations(state, history),
    ...unaskedViolations(state, history),
    ...walletViolations(state, history),
    ...recipientViolations(state, history),
  ];
}

const DOCUMENTED = [0, 201, 202, 406, 409, 422, 503];
const ENDS: Record<number, string> = {
  201: 'Paid null',
  406: 'Cancelled insufficient-funds',
  409: 'Cancelled voided',
};

/** No answer is contradicted by how the order ended, and so none by another answer. */
function orderAnswerViolations({ orders, payments }: StoredState, history: History): string[] {
  const byKey = by(
    orders,
    ({ customer_id, idempotency_key }) => `${customer_id} ${idempotency_key}`,
  );
  const decisions = by(payments, (payment) => payment.order_id);
  return history.orders.flatMap((answer) => {
    const order = byKey.get(`${answer.customerId} ${answer.key}`)?.[0];
    const decision = decisions.get(String(order?.id))?.[0];
    const faults = found(faultsOf(answer, order, decision));
    if (faults.length === 0) return [];
    const ended = `order ${order?.id} ended ${order?.status} ${order?.status_reason}`;
    return [`answer ${JSON.stringify(answer)}, ${ended}: ${faults.join(', ')}`];
  });
}

function faultsOf(answer: OrderAnswer, order: Row | undefined, decision: Row | undefined) {
  const { status, orderId, orderStatus } = answer;
  const end = ENDS[status];
  const describesOrder = end !== undefined || status === 202;
  const asked = sameContent(answer, order);
  return [
    !DOCUMENTED.includes(status) && 'not documented',
    end !== undefined && end !== `${order?.status} ${order?.status_reason}` && 'contradicted',
    end !== undefined && orderStatus !== order?.status && 'not the order that ended',
    status === 202 && orderStatus !== 'Pending' && '202 for an order that is not Pending',
    (orderId !== undefined || describesOrder) && orderId !== order?.id && 'another order',
    status === 422 && (order === undefined || asked) && '422 without another body under this key',
    describesOrder && order !== undefined && !asked && 'the order has another total or other items',
    answer.items !== undefined &&
      describesOrder &&
      answer.answeredItems !== answer.items &&
      'it shows other items',
    status === 406 &&
      String(decision?.balance_seen) !== String(answer.balance) &&
      `decided on ${decision?.balance_seen}`,
    status === 406 &&
      answer.required !== undefined &&
      answer.required !== answer.amount &&
      'it tells another amount',
    ...echoFaults(answer),
  ];
}

function sameContent({ amount, items }: OrderAnswer, order: Row | undefined): boolean {
  if (String(order?.total_amount) !== String(amount)) return false;
  return items === undefined || itemsText((order?.items ?? []) as unknown[]) === items;
}

/** A client without its key cannot repeat its request. */
function echoFaults({ echoed, key }: { echoed?: string | null; key: string }) {
  return [echoed !== undefined && echoed !== key && `it names the key ${echoed}`];
}

/** A confirmed top-up is stored once, an unconfirmed one at most once. */
function topUpViolations({ operations }: StoredState, history: History): string[] {
  const byKey = by(operations, (row) => `${row.customer_id} ${row.idempotency_key}`);
  return history.topUps.flatMap((answer) => {
    const stored = byKey.get(`${answer.customerId} self/${answer.key}`) ?? [];
    const faults = found([
      ![0, 201, 503].includes(answer.status) && 'not documented',
      answer.status === 201 && stored.length !== 1 && `found ${stored.length} times`,
      stored.some(({ amount }) => String(amount) !== String(answer.amount)) && 'another amount',
      ...echoFaults(answer),
    ]);
    return faults.length === 0 ? [] : [`top-up ${JSON.stringify(answer)}: ${faults.join(', ')}`];
  });
}

/**
 * For customers whose every request is known, only requested rows are stored. A request
 * without a key whose answer was lost may have left one order under a key that we do not know.
 */
function unaskedViolations(state: StoredState, history: History): string[] {
  const known = by(history.customers ?? [], ({ customerId }) => customerId);
  const strangers = (
    what: string,
    rows: Row[],
    asked: { customerId: string; key: string }[],
    prefix = '',
  ) => {
    const keys = new Set(asked.map(({ customerId, key }) => `${customerId} ${prefix}${key}`));
    const lost = by(
      asked.filter(({ key }) => key === ''),
      ({ customerId }) => customerId,
    );
    const unknown = rows.filter(
      ({ customer_id, idempotency_key }) =>
        known.has(String(customer_id)) && !keys.has(`${customer_id} ${idempotency_key}`),
    );
    return [...by(unknown, ({ customer_id }) => customer_id)].flatMap(([customerId, strange]) => {
      const allowed = lost.get(customerId)?.length ?? 0;
      if (strange.length <= allowed) return [];
      const listed = strange.map(({ id, idempotency_key }) => `${id} (${idempotency_key})`);
      return [`${what} of ${customerId} that nobody asked for: ${listed.join(', ')}`];
    });
  };
  const topUps = state.operations.filter(({ type }) => type === 'top_up');
  return [
    ...strangers('orders', state.orders, history.orders),
    ...strangers('top-ups', topUps, history.topUps, 'self/'),
  ];
}

/** A wallet has every confirmed top-up, and no top-up that was never requested. */
function walletViolations({ operations }: StoredState, history: History): string[] {
  const stored = by(
    operations.filter(({ type }) => type === 'top_up'),
    ({ customer_id }) => customer_id,
  );
  const asked = by(history.topUps, ({ customerId }) => customerId);
  return (history.customers ?? []).flatMap(({ customerId }) => {
    const came = (stored.get(customerId) ?? []).reduce(
      (sum, { amount }) => sum + Number(amount),
      0,
    );
    const requests = [...by(asked.get(customerId) ?? [], ({ key }) => key)].map(
      ([key, answers]) => ({
        // Requests without a key are each their own.
        amount: answers.reduce((sum, { amount }) => (key === '' ? sum + amount : amount), 0),
        confirmed: answers.some(({ status }) => status === 201),
      }),
    );
    const sum = (of: typeof requests) => of.reduce((total, { amount }) => total + amount, 0);
    const least = sum(requests.filter(({ confirmed }) => confirmed));
    const most = sum(requests);
    return found([
      (came < least || came > most) &&
        `wallet ${customerId} got ${came}, its customer asked for ${least} to ${most}`,
    ]);
  });
}

/** A letter goes to the address that its order's customer registered, and greets that customer. */
function recipientViolations({ orders, letters, mails }: StoredState, history: History): string[] {
  const registered = new Map((history.customers ?? []).map((each) => [each.customerId, each]));
  const ordered = new Map(
    orders.map(({ id, customer_id }) => [id, registered.get(String(customer_id))]),
  );
  const received = by(mails, ({ messageId }) => messageId.replace(/^<|@.*$/g, ''));
  return letters.flatMap(({ id, order_id, recipient }) => {
    const customer = ordered.get(order_id);
    if (customer === undefined) return [];
    const copies = received.get(String(id)) ?? [];
    const to = [recipient, ...copies.map((mail) => mail.to)];
    return found([
      to.some((address) => address !== customer.email) &&
        `letter ${id} of ${customer.email} went to ${[...new Set(to)].join(', ')}`,
      copies.some(({ text }) => text?.includes(`, ${customer.name}!`) === false) &&
        `letter ${id} does not greet ${customer.name}`,
    ]);
  });
}
