import { isolated } from './isolated.ts';

/** A customer's wallet as the operator sees and changes it. */
export const operatorWallet = {
  ru: {
    unknown: {
      title: 'Неизвестно, пополнен ли кошелёк',
      lead: (sum: string, customer: string) =>
        `Мы не получили ответ о пополнении на ${sum} (клиент: ${isolated(customer)}): деньги могли быть зачислены. Повторите, второй раз они не зачислятся.`,
      giveUp: 'Перед новым пополнением проверьте баланс клиента.',
    },
    ask: (sum: string, name: string) => `Пополнить кошелёк на ${sum}? Клиент: ${isolated(name)}.`,
    confirm: (sum: string) => `Пополнить на ${sum}`,
    cancel: 'Отмена',
    resumed: 'Это пополнение уже отправлено, ответа пока нет. Проверяем, чем оно завершилось…',
    done: (sum: string, balance: string) => `Кошелёк пополнен на ${sum}. Баланс: ${balance}.`,
    undo: 'Отменить',
    undoThis: (sum: string) => `Отменить пополнение на ${sum}`,
    reason: 'Причина',
    reasonHint: 'Её увидит и клиент.',
    reasonViolation: 'Укажите причину: одна строка, до 200 символов.',
    undone: (sum: string, balance: string) => `Пополнение на ${sum} отменено. Баланс: ${balance}.`,
    excess: (balance: string, sum: string) =>
      `В кошельке только ${balance}, списать ${sum} нельзя. Баланс не изменился.`,
  },
  en: {
    unknown: {
      title: 'We don’t know if the wallet was topped up',
      lead: (sum: string, customer: string) =>
        `We got no response about the ${sum} top-up for ${isolated(customer)}, so the money may already be there. Retry: it won’t be added twice.`,
      giveUp: 'Before you top up again, check the customer’s balance.',
    },
    ask: (sum: string, name: string) => `Add ${sum} to the wallet of ${isolated(name)}?`,
    confirm: (sum: string) => `Add ${sum}`,
    cancel: 'Cancel',
    resumed: 'This top-up was already sent but got no response. Checking the result…',
    done: (sum: string, balance: string) => `Added ${sum}. New balance: ${balance}.`,
    undo: 'Undo',
    undoThis: (sum: string) => `Undo top-up of ${sum}`,
    reason: 'Reason',
    reasonHint: 'The customer will see it too.',
    reasonViolation: 'Enter a reason: one line, up to 200 characters.',
    undone: (sum: string, balance: string) => `Top-up of ${sum} undone. New balance: ${balance}.`,
    excess: (balance: string, sum: string) =>
      `The balance is only ${balance}, so ${sum} can’t be taken back. Nothing has changed.`,
  },
};
