import { isolated } from './isolated.ts';

/** The start page, signing in, signing up and the profile. */
export const account = {
  ru: {
    home: {
      title: 'Заказы, которые не теряются',
      lead: 'Оплачивайте заказы из кошелька и сразу узнавайте результат. Письмо с подтверждением придёт следом.',
      hello: (name: string) => (name === '' ? 'Здравствуйте!' : `Здравствуйте, ${isolated(name)}!`),
      latestOrders: 'Последние заказы',
      allOrders: 'Все заказы',
      howTitle: 'Как это работает',
      how: [
        [
          'Заказ и оплата',
          'Вы отправляете заказ и сразу видите результат: оплачен или отменён, если в кошельке не хватило денег.',
        ],
        ['Событие', 'Сервис заказов публикует событие в Kafka. Вам не нужно его ждать.'],
        [
          'Письмо',
          'Вы получаете «Письмо счастья» или «Письмо горя». Путь заказа можно посмотреть по шагам.',
        ],
      ] as [string, string][],
    },
    signIn: {
      title: 'Вход',
      expired: 'Сеанс истёк. Войдите снова, и мы вернём вас на эту страницу.',
      needed: 'Чтобы открыть эту страницу, войдите.',
      email: 'Эл. почта',
      password: 'Пароль',
      submit: 'Войти',
      noAccount: 'Нет учётной записи?',
      register: 'Зарегистрироваться',
      forgot: 'Забыли пароль?',
      token: 'Токен доступа',
      tokenHint:
        'Вход настроен через внешний сервис (OpenID Connect). Вставьте полученный там токен.',
      issuer: 'Войти',
      issuerLead: (host: string) =>
        `Вход выполняется через ${host}. Мы откроем страницу этого сервиса.`,
      issuerFailed: 'Не удалось войти',
      issuerRetry: 'Попробуйте ещё раз. Если не получится, сообщите оператору причину:',
      issuerElsewhere:
        'Этот вход начат в другой вкладке или уже завершён. Нажмите «Войти», чтобы начать снова.',
      tokenViolation: 'Токен не подходит: он неполный или это не JWT. Скопируйте его целиком.',
    },
    register: {
      title: 'Регистрация',
      lead: 'Вместе с учётной записью вы получите кошелёк.',
      name: 'Имя',
      nameHint: 'Так мы будем обращаться к вам в письмах.',
      passwordHint: 'От 10 до 128 символов, лучше несколько слов.',
      letterLanguage: 'Язык писем',
      submit: 'Зарегистрироваться',
      haveAccount: 'Уже зарегистрированы?',
    },
    profile: {
      title: 'Профиль',
      lead: 'Здесь можно изменить имя, адрес и язык писем. Адрес для входа останется прежним.',
      email: 'Адрес для писем',
      save: 'Сохранить',
      changePassword: 'Изменить пароль',
      saved: 'Изменения сохранены. Следующие письма придут на этот адрес.',
      stale:
        'Пока вы редактировали профиль, его изменили в другом месте. Мы показали сохранённые данные: проверьте их и сохраните ещё раз.',
    },
  },
  en: {
    home: {
      title: 'Orders that never get lost',
      lead: 'Pay for orders from your wallet and see the result right away. A confirmation letter follows.',
      hello: (name: string) => (name === '' ? 'Hello!' : `Hello, ${isolated(name)}!`),
      latestOrders: 'Recent orders',
      allOrders: 'All orders',
      howTitle: 'How it works',
      how: [
        [
          'Order and payment',
          'You place an order and see the result at once: paid, or cancelled if your wallet is short of money.',
        ],
        ['Event', 'The orders service publishes an event to Kafka. You don’t have to wait for it.'],
        [
          'Letter',
          'You receive a letter of happiness or a letter of grief. You can follow every order step by step.',
        ],
      ] as [string, string][],
    },
    signIn: {
      title: 'Sign in',
      expired: 'Your session has expired. Sign in again to return to this page.',
      needed: 'Sign in to open this page.',
      email: 'E-mail',
      password: 'Password',
      submit: 'Sign in',
      noAccount: 'No account yet?',
      register: 'Sign up',
      forgot: 'Forgot your password?',
      token: 'Access token',
      tokenHint:
        'Sign-in is handled by an external OpenID Connect provider. Paste its access token.',
      issuer: 'Sign in',
      issuerLead: (host: string) => `You sign in with ${host}. We’ll take you to its page.`,
      issuerFailed: 'Sign-in failed',
      issuerRetry: 'Try again. If it still fails, send this reason to your operator:',
      issuerElsewhere:
        'This sign-in was started in another tab or is already complete. Select “Sign in” to start over.',
      tokenViolation: 'This token is incomplete or isn’t a JWT. Copy the whole token.',
    },
    register: {
      title: 'Create your account',
      lead: 'Your account comes with a wallet.',
      name: 'Name',
      nameHint: 'We’ll use it to address you in letters.',
      passwordHint: '10 to 128 characters. Several words are best.',
      letterLanguage: 'Letter language',
      submit: 'Create account',
      haveAccount: 'Already have an account?',
    },
    profile: {
      title: 'Profile',
      lead: 'Change your name and where we send your letters. The address you sign in with stays the same.',
      email: 'E-mail for letters',
      save: 'Save',
      changePassword: 'Change password',
      saved: 'Changes saved. New letters will go to this address.',
      stale:
        'Your profile was changed elsewhere while you were editing. Check the saved values below and save again.',
    },
  },
};
