import type { OperatorLetter } from '#contracts/notifications.ts';
import type { SearchHit } from '#contracts/operator.ts';
import type { Api } from './api.ts';
import type { PageOf } from './orders.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const LETTERS_MAX = 20;
// Two orders of one millisecond can share a number.
const ORDERS_MAX = 3;

/**
 * The letters of an order by its id or number, or the latest ones.
 * @param text empty for the latest
 */
export async function findLetters(
  api: Api,
  text: string,
  signal: AbortSignal,
): Promise<OperatorLetter[]> {
  const list = async (orderId?: string) => {
    const query = { limit: LETTERS_MAX, orderId };
    return (await api.read<PageOf<OperatorLetter>>('/v1/operator/letters', { query, signal })).data;
  };
  if (text === '') return list();
  if (UUID.test(text)) return list(text.toLowerCase());
  const { data } = await api.read<{ data: SearchHit[] }>('/v1/operator/search', {
    query: { q: text },
    signal,
  });
  const orders = new Set(data.flatMap(({ orderId }) => orderId ?? []));
  const found = await Promise.all([...orders].slice(0, ORDERS_MAX).map(list));
  return found.flat();
}
