import type { AccountLetter } from '#contracts/account-letters.ts';
import { escapeHtml } from '#platform/values/html.ts';
import { letterDocument } from '../letter/letter-document.ts';
import type { RenderedLetter } from '../letter/template.ts';

/** The wording of one letter. It holds no text that a customer has entered. */
interface Wording {
  subject: string;
  lead: string;
  /** The text of the button; absent in letters without a link. */
  action?: string;
  closing: string;
}

type Locale = AccountLetter['locale'];

const WORDINGS: Record<AccountLetter['kind'], Record<Locale, Wording>> = {
  'confirm-address': {
    ru: {
      subject: 'Подтвердите адрес',
      lead: 'Этот адрес указали в Orderbell как адрес для писем о заказах. Чтобы получать их, откройте страницу по ссылке и нажмите «Подтвердить».',
      action: 'Подтвердить адрес',
      closing:
        'Ссылка действует 24 часа. Если вы не указывали этот адрес, ничего не делайте: писем о чужих заказах будет не больше трёх в час.',
    },
    en: {
      subject: 'Confirm your address',
      lead: 'This address was entered in Orderbell for letters about orders. To receive them, open the page below and select “Confirm”.',
      action: 'Confirm address',
      closing:
        'The link works for 24 hours. If you did not enter this address, do nothing: there will be no more than three letters an hour.',
    },
  },
  'address-known': {
    ru: {
      subject: 'У вас уже есть учётная запись',
      lead: 'Кто-то попытался зарегистрироваться с этим адресом, но учётная запись с ним уже есть. Мы ничего не изменили.',
      closing:
        'Если это были вы, войдите с паролем или восстановите его на странице входа. Если нет, ничего делать не нужно.',
    },
    en: {
      subject: 'You already have an account',
      lead: 'Someone tried to sign up with this address, but it already has an account. Nothing was changed.',
      closing:
        'If it was you, sign in with your password or reset it on the sign-in page. If not, there is nothing you need to do.',
    },
  },
  'reset-password': {
    ru: {
      subject: 'Новый пароль',
      lead: 'Для учётной записи с этим адресом запросили новый пароль. Чтобы задать его, откройте страницу по ссылке.',
      action: 'Задать новый пароль',
      closing:
        'Ссылка одноразовая и скоро перестанет действовать. Если вы ничего не запрашивали, пароль останется прежним.',
    },
    en: {
      subject: 'Reset your password',
      lead: 'A new password was requested for the account with this address. To set it, open the page below.',
      action: 'Set a new password',
      closing:
        'The link works once and only for a short time. If you did not request it, your password stays as it is.',
    },
  },
  'password-changed': {
    ru: {
      subject: 'Пароль изменён',
      lead: 'Пароль вашей учётной записи изменён, на других устройствах нужно войти заново.',
      closing: 'Если это были не вы, восстановите пароль на странице входа и сообщите нам об этом.',
    },
    en: {
      subject: 'Your password was changed',
      lead: 'The password of your account was changed. Other devices have to sign in again.',
      closing: 'If it was not you, reset your password on the sign-in page and tell us about it.',
    },
  },
};

const FRAME = {
  ru: {
    greeting: 'Здравствуйте!',
    footer: 'Письмо отправлено автоматически, отвечать на него не нужно.',
  },
  en: {
    greeting: 'Hello!',
    footer: 'This letter was sent automatically; there is no need to reply.',
  },
} as const;

/** Whether letters of this kind need a link. */
export function hasLink(kind: AccountLetter['kind']): boolean {
  return WORDINGS[kind].en.action !== undefined;
}

/** Renders a letter. Pure: a repeated attempt sends the same bytes. */
export function renderAccountLetter({
  kind,
  locale,
  link,
}: Pick<AccountLetter, 'kind' | 'locale' | 'link'>): RenderedLetter {
  const wording = WORDINGS[kind][locale];
  const shown = wording.action === undefined ? undefined : link;
  return {
    subject: wording.subject,
    text: textOf(wording, locale, shown),
    html: htmlOf(wording, locale, shown),
  };
}

function textOf(wording: Wording, locale: Locale, link: string | undefined): string {
  const { greeting, footer } = FRAME[locale];
  return [
    wording.subject,
    '',
    greeting,
    '',
    wording.lead,
    '',
    ...(link === undefined ? [] : [link, '']),
    wording.closing,
    '',
    // The signature mark of RFC 3676, which mail programs show dimmed.
    '-- ',
    footer,
    '',
  ].join('\n');
}

const STYLE = `:root{color-scheme:light dark}
body{background:#f4f5f7;color:#1c2330}.card{background:#fff;border-color:#dfe3ea}
.footer{color:#5b6576}a{color:#1f57c3}
@media (prefers-color-scheme:dark){body{background:#12161d;color:#e6eaf1}
.card{background:#1b212b;border-color:#313a48}.footer{color:#9aa5b6}a{color:#8ab4f8}}`;

function htmlOf(wording: Wording, locale: Locale, link: string | undefined): string {
  const { greeting, footer } = FRAME[locale];
  const paragraph = (text: string) => `<p style="margin:0 0 12px">${escapeHtml(text)}</p>\n`;
  const anchor = (href: string) =>
    `<p style="margin:0 0 12px"><a href="${escapeHtml(href)}">${escapeHtml(wording.action ?? '')}</a></p>\n` +
    `<p class="footer" style="margin:0 0 12px;font-size:13px;overflow-wrap:anywhere">${escapeHtml(href)}</p>\n`;
  const content = `<h1 style="margin:0 0 16px;font-size:24px;line-height:1.25">${escapeHtml(wording.subject)}</h1>
${paragraph(greeting)}${paragraph(wording.lead)}${link === undefined ? '' : anchor(link)}${paragraph(wording.closing)}<p class="footer" style="margin:0;font-size:13px">${escapeHtml(footer)}</p>
`;
  return letterDocument({ locale, subject: wording.subject, style: STYLE, content });
}
