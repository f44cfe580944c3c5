/** Changing a password, and resetting one by a letter. */
export const password = {
  ru: {
    change: {
      title: 'Новый пароль',
      lead: 'На других устройствах придётся войти заново.',
      current: 'Нынешний пароль',
      next: 'Новый пароль',
      submit: 'Изменить пароль',
      done: 'Пароль изменён. На других устройствах нужно войти заново.',
    },
    forgot: {
      title: 'Забыли пароль?',
      lead: 'Укажите адрес, с которым вы регистрировались. Мы пришлём ссылку для нового пароля.',
      submit: 'Прислать ссылку',
      done: (email: string) =>
        `Если учётная запись с адресом ${email} есть, письмо скоро придёт. Ссылка действует 30 минут.`,
      noLetter:
        'Письма нет? Проверьте адрес и папку «Спам». За час мы отправляем не больше трёх таких писем.',
    },
    reset: {
      title: 'Новый пароль',
      lead: 'Придумайте новый пароль. На всех устройствах придётся войти заново.',
      submit: 'Сохранить пароль',
      done: 'Пароль изменён. Войдите с новым паролем.',
      noToken: 'Ссылка неполная. Откройте её из письма целиком или запросите новую.',
      again: 'Запросить новую ссылку',
    },
  },
  en: {
    change: {
      title: 'Change password',
      lead: 'You’ll have to sign in again on your other devices.',
      current: 'Current password',
      next: 'New password',
      submit: 'Change password',
      done: 'Password changed. Sign in again on your other devices.',
    },
    forgot: {
      title: 'Forgot your password?',
      lead: 'Enter the address you signed up with. We’ll send you a link to set a new password.',
      submit: 'Send link',
      done: (email: string) =>
        `If there is an account for ${email}, you’ll get a letter soon. The link works for 30 minutes.`,
      noLetter:
        'No letter? Check the address and your spam folder. We send at most three such letters an hour.',
    },
    reset: {
      title: 'Set a new password',
      lead: 'Choose a new password. You’ll have to sign in again on all devices.',
      submit: 'Save password',
      done: 'Password changed. Sign in with your new password.',
      noToken:
        'This link is incomplete. Open the whole link from the letter, or ask for a new one.',
      again: 'Ask for a new link',
    },
  },
};
