import { type Static, Type } from 'typebox';
import {
  CustomerId,
  EmailAddress,
  Locale,
  listQuery,
  NewEmailAddress,
  NewPersonName,
  NoQuery,
  nullable,
  PersonName,
  pageOf,
  strictObject,
  TimeZone,
} from './common.ts';
import { erasureProblems } from './erasure.ts';
import { internal, operation, problem } from './operation.ts';

const contact = {
  email: EmailAddress,
  name: PersonName,
  locale: Locale,
  timeZone: Type.Optional({
    ...TimeZone,
    description: 'IANA time zone of the moments in letters. Absent: UTC; in a change: as it was.',
  }),
};

export const ProfileData = strictObject(contact);

/** The same as people enter it. */
export const NewProfileData = strictObject({
  ...contact,
  email: NewEmailAddress,
  name: NewPersonName,
});
const emailConfirmed = Type.Optional(
  Type.Boolean({
    description: 'Whether the address is confirmed; absent where none needs a confirmation.',
  }),
);

/** Contact data of a customer: where letters go and in which language. */
export const Profile = strictObject({ customerId: CustomerId, ...contact, emailConfirmed });
export type Profile = Static<typeof Profile>;

export const profileProblems = {
  stale: problem('profile-changed', 'precondition', {
    ru: ['Профиль изменился', 'Прочитайте профиль заново и повторите изменение.'],
    en: ['Profile changed', 'Read the profile again and repeat the change.'],
  }),
  linkInvalid: problem('confirmation-link-invalid', 'not-found', {
    ru: [
      'Ссылка не действует',
      'Она уже использована, старше 24 часов или отправлена на другой адрес. Запросите новое письмо в профиле.',
    ],
    en: [
      'Link not valid',
      'It was used, is older than 24 hours, or is for another address. Request a new letter in your profile.',
    ],
  }),
  confirmationNotNeeded: problem('confirmation-not-needed', 'conflict', {
    ru: ['Подтверждение не нужно', 'Этот адрес не требует подтверждения.'],
    en: ['No confirmation needed', 'This address needs no confirmation.'],
  }),
} as const;

const ProfileParams = strictObject({ customerId: CustomerId });
// Header names reach schemas in lower case. Headers that are not named here are allowed.
export const IfMatchHeader = Type.Object({
  'if-match': Type.Optional(Type.String({ maxLength: 200 })),
});

export const createProfile = internal('createProfile', 'POST /profiles', {
  summary: 'Create the profile where none exists; answers the stored one',
  versioned: true,
  // `emailConfirmed`: an external issuer has verified the address.
  body: Profile,
  responses: { 200: Profile, 201: Profile },
  problems: [erasureProblems.customerErased],
});

export const getProfile = internal('getProfile', 'GET /profiles/:customerId', {
  summary: 'The profile, with its version as ETag',
  versioned: true,
  params: ProfileParams,
  query: NoQuery,
  responses: { 200: Profile },
});

export const findProfilesByEmail = internal('findProfilesByEmail', 'GET /profiles', {
  summary: 'The profiles with this address, in any case of its letters; at most 20',
  query: strictObject({ email: EmailAddress }),
  responses: { 200: strictObject({ data: Type.Array(Profile) }) },
});

export const listProfiles = internal('listProfiles', 'GET /operator/profiles', {
  summary: 'Profiles of all customers, in falling order of their ids',
  query: listQuery({ locale: Type.Optional(Locale), confirmed: Type.Optional(Type.Boolean()) }),
  responses: { 200: pageOf(Profile) },
});

export const putProfile = internal('putProfile', 'PUT /profiles/:customerId', {
  summary: 'Replace the contact data, if `If-Match` (where given) names the present version',
  params: ProfileParams,
  headers: IfMatchHeader,
  body: ProfileData,
  responses: { 200: Profile },
  problems: [profileProblems.stale, erasureProblems.customerErased],
});

/** The token of a link: 32 random bytes. */
export const ConfirmationToken = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' });

export const createConfirmation = internal(
  'createConfirmation',
  'POST /profiles/:customerId/confirmations',
  {
    summary: 'A token that confirms the address, for 24 hours',
    rateLimited: true,
    params: ProfileParams,
    body: strictObject({
      /** Whether to make one although an earlier one of this address can still be used. */
      again: Type.Boolean(),
    }),
    responses: {
      200: strictObject({
        token: nullable(ConfirmationToken),
        email: EmailAddress,
        locale: Locale,
      }),
    },
    problems: [profileProblems.confirmationNotNeeded],
  },
);

export const confirmAddress = internal('confirmAddress', 'POST /confirmations', {
  summary: 'Confirm the address that the token is for',
  versioned: true,
  body: strictObject({ token: ConfirmationToken }),
  responses: { 200: Profile },
  problems: [profileProblems.linkInvalid],
});

// Ids of 255 characters must fit into a body of 64 KiB.
const CONTACTS_MAX = 200;

export const lookUpContacts = operation('lookUpContacts', 'POST /contacts/look-up', {
  summary: 'Contact data of several customers; unknown ones are left out',
  callers: ['notifications'],
  body: strictObject({
    customerIds: Type.Array(CustomerId, { minItems: 1, maxItems: CONTACTS_MAX }),
  }),
  responses: { 200: strictObject({ data: Type.Array(Profile) }) },
});

export const findConfirmedAddresses = operation(
  'findConfirmedAddresses',
  'POST /confirmed-addresses/look-up',
  {
    summary: 'Those of the addresses that a customer has confirmed, in lower case',
    callers: ['notifications'],
    body: strictObject({ emails: Type.Array(EmailAddress, { minItems: 1, maxItems: 64 }) }),
    responses: { 200: strictObject({ data: Type.Array(EmailAddress) }) },
  },
);
