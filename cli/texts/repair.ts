/** Texts of the repair after a restore; part of `messages.ts`. */
export const repairTexts = {
  optionApply: {
    ru: 'исправить, а не только показать',
    en: 'make the repairs instead of only listing them',
  },
  optionRepairReason: {
    ru: 'причина, до 200 символов; сохраняется с каждым исправлением, у возврата её увидит и клиент',
    en: 'reason, up to 200 characters; stored with every repair, and shown to the customer on a reversal',
  },
  optionWriteOff: {
    ru: 'списать оплаченные заказы, платежи по которым безвозвратно утрачены',
    en: 'write off paid orders whose payments are permanently lost',
  },
  repair: {
    ru: 'показать, что исправить после восстановления из копии; --apply исправляет',
    en: 'list what to repair after a restore; --apply makes the repairs',
  },
  repairs: {
    ru: 'выполненные исправления: что, кем и почему',
    en: 'past repairs: what, by whom and why',
  },
  reasonNeeded: {
    ru: 'Укажите --reason: причина сохраняется с каждым исправлением.',
    en: 'Specify --reason: it is stored with every repair.',
  },
  longReason: {
    ru: 'В --reason {1} символов, можно не больше {0}. Сократите причину.',
    en: '--reason has {1} characters, the limit is {0}. Shorten it.',
  },
  repairDifferences: { ru: 'Расхождений', en: 'Differences' },
  repairsPlanned: { ru: 'Будет исправлено', en: 'To be repaired' },
  repairsDone: { ru: 'Исправлено', en: 'Repaired' },
  repairsRefused: { ru: 'Не удалось', en: 'Failed' },
  repairsLeft: { ru: 'Не исправлено', en: 'Not repaired' },
  applyHint: {
    ru: 'Ничего не изменено. Чтобы исправить, добавьте --apply --reason "…".',
    en: 'Nothing was changed. To make the repairs, add --apply --reason "…".',
  },
  writeOffUnused: {
    ru: 'Заказ {0} списать нельзя: у него нет расхождения, которое устраняется списанием.',
    en: 'Order {0} cannot be written off: it has no difference that a write-off would resolve.',
  },
  walletGets: { ru: 'Кошелёк {0}: {1}', en: 'Wallet {0}: {1}' },
  walletHolds: { ru: 'Баланс: {0}.', en: 'Balance: {0}.' },
  acknowledgedCount: { ru: 'Отмечены как известные', en: 'Acknowledged' },
} as const;
