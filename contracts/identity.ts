import { type Static, Type } from 'typebox';
import { CustomerId, EmailAddress, NoQuery, nullable, strictObject, Uuid } from './common.ts';
import { internal, operation, problem } from './operation.ts';

const PASSWORD_MAX = 128;

export const Password = Type.String({ minLength: 10, maxLength: PASSWORD_MAX });

/** Members of a sign-in: a password that is too short gets the same answer as a wrong one. */
export const credentials = {
  email: EmailAddress,
  password: Type.String({ minLength: 1, maxLength: PASSWORD_MAX }),
};

// The network address of the client, for the attempt limits: only the gateway sees it.
const ClientAddress = Type.String({ minLength: 1, maxLength: 64 });

export const AccessToken = strictObject({
  accessToken: Type.String(),
  tokenType: Type.Literal('Bearer'),
  expiresIn: Type.Integer({ description: 'Seconds.' }),
});
export type AccessToken = Static<typeof AccessToken>;

/** An access token and the refresh token that renews it, once. */
export const SessionTokens = strictObject({
  ...AccessToken.properties,
  // Absent in answers of earlier versions of identity.
  refreshToken: Type.Optional(Type.String({ description: 'Renews the session, once.' })),
});
export type SessionTokens = Static<typeof SessionTokens>;

/** A refresh token, or anything that is sent as one. */
export const RefreshToken = Type.String({ minLength: 1, maxLength: 256 });

/** The token of a letter that resets a password. */
export const ResetToken = Type.String({ minLength: 1, maxLength: 256 });

/** Any present password: a wrong one is answered alike, however long. */
export const CurrentPassword = credentials.password;

export const identityProblems = {
  signInFailed: problem('sign-in-failed', 'unauthenticated', {
    ru: ['Вход не выполнен', 'Адрес или пароль не подходит.'],
    en: ['Sign-in failed', 'The e-mail address or the password is wrong.'],
  }),
  emailTaken: problem('email-taken', 'conflict', {
    ru: ['Адрес занят', 'Учётная запись с этим адресом уже есть.'],
    en: ['Address taken', 'There is already an account with this address.'],
  }),
  sessionEnded: problem('session-ended', 'unauthenticated', {
    ru: ['Сеанс завершён', 'Войдите снова.'],
    en: ['Session ended', 'Sign in again.'],
  }),
  wrongPassword: problem('wrong-password', 'forbidden', {
    ru: ['Неверный пароль', 'Нынешний пароль не подходит.'],
    en: ['Wrong password', 'The current password is wrong.'],
  }),
  passwordInSettings: problem('password-in-settings', 'conflict', {
    ru: ['Пароль задан настройкой', 'Пароль оператора меняет настройка OPERATOR_PASSWORD.'],
    en: [
      'The password is a setting',
      'The setting OPERATOR_PASSWORD changes the password of the operator.',
    ],
  }),
  resetLinkInvalid: problem('reset-link-invalid', 'mismatch', {
    ru: ['Ссылка недействительна', 'Ссылка устарела или уже использована. Запросите новую.'],
    en: ['Link not valid', 'The link has expired or was used already. Ask for a new one.'],
  }),
} as const;

const Account = strictObject({ customerId: CustomerId });

export const createAccount = internal('createAccount', 'POST /accounts', {
  summary: 'Create an account; the same address and password answer the existing one',
  rateLimited: true,
  body: strictObject({ email: EmailAddress, password: Password, clientAddress: ClientAddress }),
  responses: { 200: Account, 201: Account },
  problems: [identityProblems.emailTaken],
});

export const createSession = internal('createSession', 'POST /sessions', {
  summary: 'Exchange address and password for the tokens of a new session',
  rateLimited: true,
  body: strictObject({ ...credentials, clientAddress: ClientAddress }),
  responses: { 200: SessionTokens },
  problems: [identityProblems.signInFailed],
});

export const rotateRefreshToken = internal('rotateRefreshToken', 'POST /sessions/renewal', {
  summary: 'Exchange a refresh token for new tokens; repeated within 30 s it answers the same one',
  body: strictObject({ refreshToken: RefreshToken }),
  responses: { 200: SessionTokens },
  problems: [identityProblems.sessionEnded],
});

/** Sessions whose access tokens are refused from now on. */
const EndedSessions = { ended: Type.Array(Uuid) };

export const endSession = internal('endSession', 'POST /sessions/end', {
  summary: 'End a session',
  body: strictObject({ customerId: CustomerId, sessionId: Uuid }),
  responses: { 200: strictObject({}) },
});

export const listEndedSessions = internal('listEndedSessions', 'GET /sessions/ended', {
  summary: 'Sessions that ended within so many seconds and may have valid access tokens, by id',
  query: strictObject({
    withinS: Type.Integer({ minimum: 1, maximum: 3_600 }),
    after: Type.Optional(Uuid),
  }),
  responses: {
    200: strictObject({ sessions: Type.Array(Uuid), next: nullable(Uuid) }),
  },
});

/** What follows from a new password: where to write about it, and the sessions that ended. */
const PasswordChange = strictObject({
  customerId: CustomerId,
  email: EmailAddress,
  ...EndedSessions,
});

export const replacePassword = internal('replacePassword', 'PUT /accounts/:customerId/password', {
  summary: 'Exchange the password for another one; all sessions but the given one end',
  rateLimited: true,
  params: strictObject({ customerId: CustomerId }),
  body: strictObject({
    currentPassword: CurrentPassword,
    newPassword: Password,
    sessionId: Type.Optional(Uuid),
    clientAddress: ClientAddress,
  }),
  responses: { 200: PasswordChange },
  problems: [identityProblems.wrongPassword, identityProblems.passwordInSettings],
});

export const createPasswordReset = internal('createPasswordReset', 'POST /password-resets', {
  summary: 'Make the token of a letter that resets a password; null where no letter may be sent',
  rateLimited: true,
  body: strictObject({ email: EmailAddress, clientAddress: ClientAddress }),
  responses: { 200: strictObject({ token: nullable(Type.String()) }) },
});

export const redeemResetToken = internal('redeemResetToken', 'POST /password-resets/redeem', {
  summary: 'Set a password by the token of a letter, once; all sessions end',
  body: strictObject({
    token: ResetToken,
    newPassword: Password,
    clientAddress: ClientAddress,
  }),
  responses: { 200: PasswordChange },
  problems: [identityProblems.resetLinkInvalid, identityProblems.passwordInSettings],
});

/** Public keys of the tokens (RFC 7517). Needs no service token: the keys are public. */
export const getKeys = operation('getKeys', 'GET /jwks', {
  summary: 'JSON Web Key Set of the access tokens',
  public: true,
  query: NoQuery,
  responses: {
    200: Type.Object({ keys: Type.Array(Type.Object({}, { additionalProperties: true })) }),
  },
});
