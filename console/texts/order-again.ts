/** The page that pays the content of a cancelled order again. */
export const orderAgain = {
  ru: {
    title: (order: string) => `Повторить заказ ${order}`,
    lead: 'Тот же состав по тем же ценам. Второй раз деньги не спишутся, даже если нажать кнопку дважды.',
    onWallet: 'В кошельке',
    total: 'К оплате',
    shortfall: 'Не хватает',
    topUpAndPay: (sum: string) => `Пополнить на ${sum} и оплатить`,
    pay: (sum: string) => `Оплатить ${sum}`,
    paying: 'Оплачиваем…',
    closed:
      'Самостоятельно пополнить кошелёк нельзя: попросите оператора зачислить недостающую сумму, а потом вернитесь на эту страницу.',
    otherCurrency: 'Кошелёк в другой валюте, поэтому оплатить этот заказ из него нельзя.',
    changed: 'Баланс кошелька изменился. Проверьте сумму и нажмите кнопку ещё раз.',
    notCancelled: 'Этот заказ не отменён, повторять его не нужно.',
    open: 'Открыть заказ',
    unknown:
      'Ответа не было, поэтому неизвестно, оплачен ли заказ. Нажмите кнопку ещё раз: ничего не спишется и не зачислится дважды.',
  },
  en: {
    title: (order: string) => `Order again: ${order}`,
    lead: 'The same items at the same prices. You’re never charged twice, even if you press the button twice.',
    onWallet: 'In your wallet',
    total: 'To pay',
    shortfall: 'Short by',
    topUpAndPay: (sum: string) => `Top up ${sum} and pay`,
    pay: (sum: string) => `Pay ${sum}`,
    paying: 'Paying…',
    closed:
      'You can’t top up your wallet yourself. Ask an operator to add the missing amount, then come back to this page.',
    otherCurrency: 'Your wallet has another currency, so it can’t pay for this order.',
    changed: 'Your wallet balance has changed. Check the amount and press the button again.',
    notCancelled: 'This order isn’t cancelled, so there is nothing to repeat.',
    open: 'View the order',
    unknown:
      'We got no response, so we don’t know if the order was paid. Press the button again: nothing is charged or added twice.',
  },
};
