/** Confirming the address of letters. */
export const confirm = {
  ru: {
    title: 'Подтверждение адреса',
    lead: 'Нажмите кнопку, чтобы получать на этот адрес письма о заказах.',
    submit: 'Подтвердить',
    notMine: 'Если вы не регистрировались и не меняли адрес, просто закройте страницу.',
    done: (email: string) => `Адрес ${email} подтверждён. Письма, которые ждали этого, уже в пути.`,
    noToken: 'Ссылка неполная. Откройте её из письма целиком.',
    signIn: 'Войти',
    home: 'На главную',
    notice: (email: string) =>
      `Подтвердите адрес ${email}: откройте ссылку из нашего письма. До этого письма об отменённых заказах приходят не все, остальные ждут.`,
    again: 'Отправить ссылку ещё раз',
    sent: (email: string) => `Мы отправили письмо со ссылкой на ${email}.`,
    saved: (email: string) =>
      `Изменения сохранены. Подтвердите адрес: мы отправили ссылку на ${email}.`,
    letterWaits: 'Письмо ждёт, пока вы подтвердите адрес. Откройте ссылку из нашего письма.',
  },
  en: {
    title: 'Confirm your address',
    lead: 'Select the button to receive letters about your orders at this address.',
    submit: 'Confirm',
    notMine: 'If you did not sign up or change your address, just close this page.',
    done: (email: string) => `${email} is confirmed. Letters that were waiting are on their way.`,
    noToken: 'The link is incomplete. Open the whole link from the letter.',
    signIn: 'Sign in',
    home: 'Go to the start page',
    notice: (email: string) =>
      `Confirm ${email}: open the link in our letter. Until then you get only some letters about cancelled orders; the rest wait.`,
    again: 'Send the link again',
    sent: (email: string) => `We sent a letter with the link to ${email}.`,
    saved: (email: string) => `Changes saved. Confirm the address: we sent a link to ${email}.`,
    letterWaits: 'This letter waits until the address is confirmed by the link in our letter.',
  },
};
