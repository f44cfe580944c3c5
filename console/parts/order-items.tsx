import type { PublicOrder } from '#contracts/gateway.ts';
import { useConsole, useTexts } from '../model/context.ts';
import { formatMoney, formatNumber } from '../model/format.ts';
import { customer } from '../texts/customer.ts';
import { nameOfOrder } from './order-number.tsx';
import { Card } from './page.tsx';
import { Money } from './values.tsx';

/** The heading of an order's page, with its number: `Заказ № 7K3QX-0M2RT`. */
export function useOrderTitle(id: string): string {
  const { title } = useTexts(customer).order;
  return `${title} ${nameOfOrder(id, useConsole().language)}`;
}

/** The items of an order. */
export function OrderItems({ order }: { order: PublicOrder }) {
  const texts = useTexts(customer).order;
  const { language } = useConsole();
  return (
    <Card id="order-items" title={texts.items}>
      <ul class="items">
        {order.items.map(({ name, sku, quantity, unitPrice }, index) => (
          <li key={index}>
            <span>
              <bdi>{name}</bdi>
              {sku !== undefined && <bdi class="quiet"> {sku}</bdi>}
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
    </Card>
  );
}
