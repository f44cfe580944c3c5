import { type Static, Type } from 'typebox';
import { CustomerId, EmailAddress, Locale, NoQuery, PersonName, strictObject } from './common.ts';
import { erasureProblems } from './erasure.ts';
import { internal, operation, problem } from './operation.ts';

const contact = { email: EmailAddress, name: PersonName, locale: Locale };

export const ProfileData = strictObject(contact);

/** Contact data of a customer: where letters go and in which language. */
export const Profile = strictObject({ customerId: CustomerId, ...contact });
export type Profile = Static<typeof Profile>;

export const profileProblems = {
  stale: problem('profile-changed', 'precondition', {
    ru: ['Профиль изменился', 'Прочитайте профиль заново и повторите изменение.'],
    en: ['Profile changed', 'Read the profile again and repeat the change.'],
  }),
} as const;

const ProfileParams = strictObject({ customerId: CustomerId });
// Header names reach schemas in lower case. Headers that are not named here are allowed.
export const IfMatchHeader = Type.Object({
  'if-match': Type.Optional(Type.String({ maxLength: 200 })),
});

export const createProfile = internal('createProfile', 'POST /profiles', {
  summary: 'Create the profile where none exists; answers the stored one',
  body: Profile,
  responses: { 200: Profile, 201: Profile },
  problems: [erasureProblems.customerErased],
});

export const getProfile = internal('getProfile', 'GET /profiles/:customerId', {
  summary: 'The profile, with its version as ETag',
  params: ProfileParams,
  query: NoQuery,
  responses: { 200: Profile },
});

export const findProfilesByEmail = internal('findProfilesByEmail', 'GET /profiles', {
  summary: 'The profiles with this address, in any case of its letters; at most 20',
  query: strictObject({ email: EmailAddress }),
  responses: { 200: strictObject({ data: Type.Array(Profile) }) },
});

export const putProfile = internal('putProfile', 'PUT /profiles/:customerId', {
  summary: 'Replace the contact data, if `If-Match` (where given) names the present version',
  params: ProfileParams,
  headers: IfMatchHeader,
  body: ProfileData,
  responses: { 200: Profile },
  problems: [profileProblems.stale, erasureProblems.customerErased],
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
