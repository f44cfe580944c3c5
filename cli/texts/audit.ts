/** Texts of the audit trail; part of `messages.ts`. */
export const auditTexts = {
  audit: {
    ru: 'журнал: кто, когда и почему что изменил или прочитал, и блокировки входа',
    en: 'audit trail: who changed or read what, when and why, and every lock-out',
  },
  optionAuditActor: { ru: 'только действия этого оператора', en: 'only actions of this operator' },
  optionAuditAction: {
    ru: 'только это действие, например reverse-top-up',
    en: 'only this action, such as reverse-top-up',
  },
  optionAuditSubject: {
    ru: 'только записи об этом клиенте, заказе, письме или операции',
    en: 'only entries about this customer, order, letter or transaction',
  },
  optionAuditAll: { ru: 'все страницы', en: 'every page' },
  auditSystem: { ru: 'система', en: 'system' },
  auditUnanswered: {
    ru: 'Не ответили: {0}. Их записей в списке нет.\nПовторите команду позже.',
    en: 'Not responding: {0}. Their entries are missing from the list.\nRun the command again later.',
  },
} as const;
