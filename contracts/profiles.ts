import { type Static, Type } from 'typebox';
import { CustomerId, EmailAddress, Locale, NoQuery, PersonName, strict } from './common.ts';

const contact = { email: EmailAddress, name: PersonName, locale: Locale };

export const ProfileData = Type.Object(contact, strict);
export type ProfileData = Static<typeof ProfileData>;

/** Contact data of a customer: where letters go and in which language. */
export const Profile = Type.Object({ customerId: CustomerId, ...contact }, strict);
export type Profile = Static<typeof Profile>;

export const profileProblems = {
  stale: {
    code: 'profile-changed',
    kind: 'precondition',
    ru: { title: 'Профиль изменился', detail: 'Прочитайте профиль заново и повторите изменение.' },
    en: { title: 'Profile changed', detail: 'Read the profile again and repeat the change.' },
  },
} as const;

const ProfileParams = Type.Object({ customerId: CustomerId }, strict);
// Header names reach schemas in lower case. Headers that are not named here are allowed.
export const IfMatchHeader = Type.Object({
  'if-match': Type.Optional(Type.String({ maxLength: 200 })),
});

export const createProfile = {
  operationId: 'createProfile',
  method: 'POST',
  path: '/profiles',
  summary: 'Create the profile where none exists; answers the stored one',
  callers: ['gateway'],
  body: Profile,
  responses: { 200: Profile, 201: Profile },
} as const;

export const getProfile = {
  operationId: 'getProfile',
  method: 'GET',
  path: '/profiles/:customerId',
  summary: 'The profile, with its version as ETag',
  callers: ['gateway'],
  params: ProfileParams,
  query: NoQuery,
  responses: { 200: Profile },
} as const;

export const findProfilesByEmail = {
  operationId: 'findProfilesByEmail',
  method: 'GET',
  path: '/profiles',
  summary: 'The profiles with this address, in any case of its letters; at most 20',
  callers: ['gateway'],
  query: Type.Object({ email: EmailAddress }, strict),
  responses: { 200: Type.Object({ data: Type.Array(Profile) }, strict) },
} as const;

export const putProfile = {
  operationId: 'putProfile',
  method: 'PUT',
  path: '/profiles/:customerId',
  summary: 'Replace the contact data, if `If-Match` (where given) names the present version',
  callers: ['gateway'],
  params: ProfileParams,
  headers: IfMatchHeader,
  body: ProfileData,
  responses: { 200: Profile },
  problems: [profileProblems.stale],
} as const;

// Ids of 255 characters must fit into a body of 64 KiB.
const CONTACTS_MAX = 200;

export const lookUpContacts = {
  operationId: 'lookUpContacts',
  method: 'POST',
  path: '/contacts/look-up',
  summary: 'Contact data of several customers; unknown ones are left out',
  callers: ['notifications'],
  body: Type.Object(
    { customerIds: Type.Array(CustomerId, { minItems: 1, maxItems: CONTACTS_MAX }) },
    strict,
  ),
  responses: { 200: Type.Object({ data: Type.Array(Profile) }, strict) },
} as const;
