import { createHash } from 'node:crypto';
import type { Locale } from '#contracts/common.ts';
import type { OrderItem } from '#contracts/orders.ts';

export interface DemoCustomer {
  email: string;
  name: string;
  locale: Locale;
  /** A remark on their letters, where these are special. */
  remark?: string;
}

/** Of every demonstration customer, as in README.md and the tutorials. */
export const DEMO_PASSWORD = 'correct horse';

const people: DemoCustomer[] = [
  { email: 'anna@example.com', name: 'Анна', locale: 'ru' },
  { email: 'oliver@example.com', name: 'Oliver', locale: 'en' },
  {
    email: 'refuse@example.com',
    name: 'Раиса',
    locale: 'ru',
    remark: 'the mail server refuses these letters for good (550)',
  },
  {
    email: 'busy@example.com',
    name: 'Ben',
    locale: 'en',
    remark: 'the mail server puts these letters off (450), so they are tried again',
  },
  { email: 'boris@example.com', name: 'Борис', locale: 'ru' },
  { email: 'emma@example.com', name: 'Emma', locale: 'en' },
  { email: 'vera@example.com', name: 'Вера', locale: 'ru' },
  { email: 'jack@example.com', name: 'Jack', locale: 'en' },
];

const names = {
  ru: ['Глеб', 'Дарья', 'Егор', 'Жанна', 'Зоя', 'Илья'],
  en: ['Alice', 'Grace', 'Harry', 'Ivy', 'Lucy', 'Noah'],
};

/** Goods with their price in kopecks. */
const goods: { ru: string; en: string; price: number }[] = [
  { ru: 'Книга «Мастер и Маргарита»', en: 'Book “The Time Machine”', price: 59_000 },
  { ru: 'Чай чёрный, 100 г', en: 'Black tea, 100 g', price: 24_950 },
  { ru: 'Кофе в зёрнах, 250 г', en: 'Coffee beans, 250 g', price: 68_900 },
  { ru: 'Кружка', en: 'Mug', price: 45_000 },
  { ru: 'Тетрадь в клетку', en: 'Squared notebook', price: 8_990 },
  { ru: 'Карандаши, 12 цветов', en: 'Pencils, 12 colours', price: 31_500 },
  { ru: 'Открытка', en: 'Postcard', price: 5_000 },
  { ru: 'Настольная игра', en: 'Board game', price: 249_000 },
  { ru: 'Плед шерстяной', en: 'Woollen blanket', price: 399_000 },
  { ru: 'Лампа настольная', en: 'Desk lamp', price: 189_900 },
];

/** The first customers of the demonstration, the same ones each time. */
export function demoCustomers(count: number): DemoCustomer[] {
  return Array.from({ length: count }, (_, index) => {
    const locale = index % 2 === 0 ? 'ru' : 'en';
    const name = names[locale][Math.floor(index / 2) % names[locale].length] as string;
    return people[index] ?? { email: `customer-${index + 1}@example.com`, name, locale };
  });
}

/** The items of a customer's order, which seed, customer and number determine. */
export function demoItems(
  seed: string,
  { email, locale }: DemoCustomer,
  number: number,
  currency: string,
): OrderItem[] {
  const draw = (what: string, below: number) => drawn([seed, email, number, what].join('/'), below);
  const first = draw('first', goods.length);
  return Array.from({ length: 1 + draw('count', 3) }, (_, index) => {
    const { [locale]: name, price } = goods[
      (first + index * 3) % goods.length
    ] as (typeof goods)[0];
    const quantity = 1 + draw(`quantity ${index}`, 2);
    return { name, quantity, unitPrice: { amount: price, currency } };
  });
}

/** A whole number from 0 that a text determines. */
function drawn(text: string, below: number): number {
  return createHash('sha256').update(text).digest().readUInt32BE(0) % below;
}
