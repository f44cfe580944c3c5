import { type Static, Type } from 'typebox';
import { choice, EmailAddress, Locale, strictObject, Uuid } from './common.ts';
import { internal } from './operation.ts';

// Letters about an account, not about an order. The gateway asks for them; no event does.

/** The setting CONFIRM_ADDRESSES of the services that know of it. */
export const ConfirmAddressesSetting = Type.Boolean({
  default: true,
  description:
    'Whether customers confirm addresses by a link; until then an address gets three letters an hour.',
});

const LINK = '^https?://[\\x21-\\x7e]{1,2000}$';

/** A letter about an account. It holds no text that a customer has entered. */
export const AccountLetter = strictObject({
  /** Repeated with the same id it is not sent twice. */
  id: Uuid,
  kind: choice('confirm-address', 'address-known', 'reset-password', 'password-changed'),
  email: EmailAddress,
  locale: Locale,
  /** The link of `confirm-address` and `reset-password`. */
  link: Type.Optional(Type.String({ pattern: LINK })),
});
export type AccountLetter = Static<typeof AccountLetter>;

export const sendAccountLetter = internal('sendAccountLetter', 'POST /account-letters', {
  summary: 'Send a letter about an account',
  rateLimited: true,
  body: AccountLetter,
  responses: { 202: strictObject({ id: Uuid }) },
});
