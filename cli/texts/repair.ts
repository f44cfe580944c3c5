/** Texts of the repair after a restore; part of `texts.ts`. */
export const repairTexts = {
  optionApply: { ru: 'исправить, а не только показать', en: 'repair instead of only showing' },
  optionRepairReason: {
    ru: 'зачем, до 200 знаков; хранится с каждым шагом, у возврата его увидит и клиент',
    en: 'why, up to 200 characters; stored with every step, the customer sees it on a reversal',
  },
  optionWriteOff: {
    ru: 'оплаченные заказы, чей платёж утрачен: списать долг',
    en: 'paid orders whose payment is lost for good: write them off',
  },
  repair: {
    ru: 'что исправить после восстановления из копии; с --apply — исправить',
    en: 'show what to repair after a restore; --apply repairs it',
  },
  repairs: { ru: 'что и кем было исправлено', en: 'what was repaired, by whom and why' },
  reasonNeeded: {
    ru: 'Укажите --reason: причина сохраняется с каждым шагом.',
    en: 'Give --reason: it is stored with every step.',
  },
  longReason: {
    ru: '--reason: не больше {0} знаков.',
    en: '--reason: {0} characters at most.',
  },
  repairDifferences: { ru: 'Расхождений', en: 'Differences' },
  repairsPlanned: { ru: 'Будет исправлено', en: 'To be repaired' },
  repairsDone: { ru: 'Исправлено', en: 'Repaired' },
  repairsRefused: { ru: 'Не получилось', en: 'Not possible' },
  repairsLeft: { ru: 'Оставлено', en: 'Left' },
  applyHint: {
    ru: 'Ничего не изменено. Исправить: та же команда с --apply --reason "…".',
    en: 'Nothing was changed. To repair, add --apply --reason "…".',
  },
  writeOffUnused: {
    ru: 'Для {0} нечего списывать: нет расхождения, которое устраняет списание.',
    en: 'Nothing to write off for {0}: no difference was found that a write-off repairs.',
  },
  walletGets: { ru: 'Кошелёк {0}: {1}', en: 'Wallet of {0}: {1}' },
  walletHolds: { ru: 'Сейчас на кошельке {0}.', en: 'The wallet holds {0}.' },
  booksAcknowledged: { ru: 'Отмечены как известные', en: 'Acknowledged' },
} as const;
