import type { LetterFacts } from './letter-facts.ts';
import type { LetterValues } from './letter-values.ts';

/** The wording of one letter. Both forms are made from it, so they say the same. */
export interface LetterWording {
  subject: string;
  headline: string;
  greeting: (name: string) => string;
  /** The greeting when nothing of the name is left. */
  greetingNoName: string;
  lead: string;
  details: [label: string, value: string][];
  totalLabel: string;
  more: (count: number) => string;
  closing: string;
  links: { label: string; url: string }[];
  footer: string;
}

/** Our own texts hold no character that HTML gives a meaning. */
export function wordingOf(facts: LetterFacts, values: LetterValues): LetterWording {
  return facts.locale === 'en' ? englishWording(facts, values) : russianWording(facts, values);
}

/** Links of a letter that has an address for them; the one that pays comes first. */
function linksOf({ againUrl, orderUrl }: LetterValues, again: string, order: string) {
  const links = [
    { label: again, url: againUrl },
    { label: order, url: orderUrl },
  ];
  return links.filter((link): link is { label: string; url: string } => link.url !== null);
}

function russianWording(facts: LetterFacts, values: LetterValues): LetterWording {
  const paid = facts.kind === 'happiness';
  const declined = facts.reason === 'insufficient-funds';
  const title = paid ? 'Письмо счастья' : 'Письмо горя';
  return {
    subject: `${title}: заказ ${values.order} ${paid ? 'оплачен' : 'отменён'}`,
    headline: title,
    greeting: (name) => `Здравствуйте, ${name}!`,
    greetingNoName: 'Здравствуйте!',
    ...russianBody(facts, values),
    details: [
      ['Заказ', values.order],
      [paid ? 'Оплачен' : 'Отменён', values.moment],
    ],
    totalLabel: 'Итого',
    more: (count) => `и ещё позиций: ${count}`,
    links: linksOf(values, declined ? 'Пополнить и оплатить' : 'Заказать снова', 'Открыть заказ'),
    footer: 'Письмо отправлено автоматически, отвечать на него не нужно.',
  };
}

function russianBody(
  { kind, reason }: LetterFacts,
  { againUrl }: LetterValues,
): Pick<LetterWording, 'lead' | 'closing'> {
  if (kind === 'happiness') {
    return {
      lead: 'Хорошая новость: ваш заказ оплачен. Сумма списана с вашего кошелька.',
      closing: 'Больше ничего делать не нужно. Спасибо, что вы с нами!',
    };
  }
  if (reason === 'insufficient-funds') {
    return {
      lead: 'К сожалению, оплатить заказ не получилось: на кошельке недостаточно средств. Мы отменили заказ, деньги не списаны.',
      closing:
        againUrl === null
          ? 'Пополните кошелёк и оформите заказ ещё раз. Мы будем рады его принять.'
          : 'Заказ можно повторить без изменений: по ссылке вы увидите, сколько не хватает, пополните кошелёк и оплатите.',
    };
  }
  const again =
    againUrl === null
      ? 'Если он вам ещё нужен, просто оформите его снова.'
      : 'Если он вам ещё нужен, повторите его по ссылке.';
  if (reason === 'voided') {
    return {
      lead: 'К сожалению, ваш заказ не удалось завершить вовремя, и мы его отменили. Деньги не списаны.',
      closing: `${again} Если вы передумали, ничего делать не нужно.`,
    };
  }
  return { lead: 'К сожалению, ваш заказ отменён. Деньги не списаны.', closing: again };
}

function englishWording(facts: LetterFacts, values: LetterValues): LetterWording {
  const paid = facts.kind === 'happiness';
  const declined = facts.reason === 'insufficient-funds';
  const title = paid ? 'Letter of happiness' : 'Letter of grief';
  return {
    subject: `${title}: order ${values.order} is ${paid ? 'paid' : 'cancelled'}`,
    headline: title,
    greeting: (name) => `Hello, ${name}!`,
    greetingNoName: 'Hello!',
    ...englishBody(facts, values),
    details: [
      ['Order', values.order],
      [paid ? 'Paid' : 'Cancelled', values.moment],
    ],
    totalLabel: 'Total',
    more: (count) => `and ${count} more`,
    links: linksOf(values, declined ? 'Top up and pay' : 'Order again', 'View the order'),
    footer: 'This letter was sent automatically; there is no need to reply.',
  };
}

function englishBody(
  { kind, reason }: LetterFacts,
  { againUrl }: LetterValues,
): Pick<LetterWording, 'lead' | 'closing'> {
  if (kind === 'happiness') {
    return {
      lead: 'Good news: your order is paid. The total was taken from your wallet.',
      closing: 'There is nothing more you need to do. Thank you for being with us!',
    };
  }
  if (reason === 'insufficient-funds') {
    return {
      lead: 'Unfortunately, your order could not be paid: there are insufficient funds in your wallet. We cancelled the order and nothing was charged.',
      closing:
        againUrl === null
          ? 'Please top up your wallet and order again. We will be glad to have your order.'
          : 'You can place the same order again: the link shows how much is missing, tops up your wallet and pays.',
    };
  }
  const again =
    againUrl === null
      ? 'If you still want it, simply order again.'
      : 'If you still want it, follow the link to order again.';
  if (reason === 'voided') {
    return {
      lead: 'Unfortunately, your order could not be completed in time, so we cancelled it. Nothing was charged.',
      closing: `${again} If you changed your mind, there is nothing you need to do.`,
    };
  }
  return { lead: 'Unfortunately, your order was cancelled. Nothing was charged.', closing: again };
}
