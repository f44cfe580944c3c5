// Texts, since the rules are about literals that JSON.stringify would not write.

/** The largest price. */
export const MAX = '1000000000000000';

export const money = (amount: string, currency = 'RUB') =>
  `{"amount":${amount},"currency":${JSON.stringify(currency)}}`;
export const item = ({ name = '"Книга"', quantity = '1', price = money('100'), more = '' } = {}) =>
  `{"name":${name},"quantity":${quantity},"unitPrice":${price}${more}}`;
export const order = (items: string, more = '') => `{"items":[${items}]${more}}`;
export const priced = (amount: string) => order(item({ price: money(amount) }));
export const named = (name: string) => order(item({ name }));
