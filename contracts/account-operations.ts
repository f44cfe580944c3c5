import { Type } from 'typebox';
import {
  EmailAddress,
  Locale,
  NewEmailAddress,
  NewPersonName,
  NoQuery,
  strictObject,
  TimeZone,
} from './common.ts';
import {
  CurrentPassword,
  credentials,
  identityProblems,
  Password,
  RefreshToken,
  ResetToken,
  SessionTokens,
} from './identity.ts';
import { operation } from './operation.ts';
import { Profile } from './profiles.ts';

// The public operations of accounts at identity. None of them exists with an external issuer.

const account = { tags: ['account'] } as const;

export const register = operation('register', 'POST /v1/registrations', {
  ...account,
  summary: 'Create an account and its profile',
  query: NoQuery,
  rateLimited: true,
  body: strictObject({
    email: NewEmailAddress,
    password: Password,
    name: NewPersonName,
    locale: Type.Optional(Locale),
    timeZone: Type.Optional(TimeZone),
  }),
  responses: { 201: Profile },
  problems: [identityProblems.emailTaken],
  public: true,
});

export const signIn = operation('signIn', 'POST /v1/sessions', {
  ...account,
  summary: 'Begin a session with e-mail and password: an access token and a refresh token',
  query: NoQuery,
  rateLimited: true,
  body: strictObject(credentials),
  responses: { 200: SessionTokens },
  problems: [identityProblems.signInFailed],
  public: true,
});

export const renewSession = operation('renewSession', 'POST /v1/sessions/renewal', {
  ...account,
  summary: 'Exchange the refresh token for new tokens; each is used once',
  query: NoQuery,
  body: strictObject({ refreshToken: RefreshToken }),
  responses: { 200: SessionTokens },
  problems: [identityProblems.sessionEnded],
  public: true,
});

/** Of an answer without a body. */
const Nothing = Type.Null();

export const signOut = operation('signOut', 'DELETE /v1/sessions/current', {
  ...account,
  summary: 'End the session of the access token, with all its tokens',
  query: NoQuery,
  responses: { 204: Nothing },
});

export const changePassword = operation('changePassword', 'PUT /v1/password', {
  ...account,
  summary: 'Change the own password; all other sessions end',
  query: NoQuery,
  rateLimited: true,
  body: strictObject({ currentPassword: CurrentPassword, newPassword: Password }),
  responses: { 204: Nothing },
  problems: [identityProblems.wrongPassword, identityProblems.passwordInSettings],
});

export const requestPasswordReset = operation('requestPasswordReset', 'POST /v1/password-resets', {
  ...account,
  summary: 'Ask for a letter that resets the password; answered alike for every address',
  query: NoQuery,
  rateLimited: true,
  body: strictObject({ email: EmailAddress }),
  responses: { 202: strictObject({}) },
  public: true,
});

export const redeemPasswordReset = operation(
  'redeemPasswordReset',
  'POST /v1/password-resets/redeem',
  {
    ...account,
    summary: 'Set a new password by the token of a letter; all sessions end',
    query: NoQuery,
    body: strictObject({ token: ResetToken, newPassword: Password }),
    responses: { 204: Nothing },
    problems: [identityProblems.resetLinkInvalid, identityProblems.passwordInSettings],
    public: true,
  },
);
