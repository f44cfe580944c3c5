import type { PublicOrder } from '#contracts/gateway.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney, formatNumber } from '../model/format.ts';
import { customer } from '../texts/customer.ts';
import { Money } from './values.tsx';

/** What was ordered, as a card. */
export function OrderItems({ order }: { order: PublicOrder }) {
  const texts = useTexts(customer).order;
  const { language } = useConsole();
  return (
    <section class="card" aria-labelledby="order-items">
      <h2 id="order-items">{texts.items}</h2>
      <ul class="items">
        {order.items.map(({ name, sku, quantity, unitPrice }, index) => (
          <li key={index}>
            <span>
              <bdi>{name}</bdi>
              {sku !== undefined && <span class="quiet"> {sku}</span>}
            </span>
            <span class="quiet">
              {texts.quantityTimesPrice(
                formatNumber(quantity, language),
                formatMoney(unitPrice, language),
              )}
            </span>
            <Money value={{ ...unitPrice, amount: quantity * unitPrice.amount }} />
          </li>
        ))}
      </ul>
    </section>
  );
}
