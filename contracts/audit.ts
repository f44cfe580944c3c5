import { type Static, Type } from 'typebox';
import {
  auditQuery,
  CustomerId,
  choice,
  listQuery,
  Money,
  nullable,
  strictObject,
  Timestamp,
  Uuid,
} from './common.ts';
import { internal, operation, operator } from './operation.ts';
import { REASON_MAX } from './patterns.ts';

/** Kebab-case words. Each service names its own, so a list may hold some that a client does not know. */
const AuditAction = Type.String({ pattern: '^[a-z][a-z-]{0,63}$' });

/** States and amounts, never a name, an address or another text of a customer. */
const AuditState = Type.Record(
  Type.String(),
  Type.Union([Type.String(), Type.Number(), Type.Boolean(), Money, Type.Null()]),
);

/** An action of an operator, or a lock-out of sign-ins. Entries never change. */
export const AuditEntry = strictObject({
  id: Uuid,
  at: Timestamp,
  actor: nullable(
    Type.String({ description: "The operator's customer id; null where the system itself acted." }),
  ),
  action: AuditAction,
  subject: Type.Record(Type.String(), Type.String(), { description: 'Ids by their kind.' }),
  reason: nullable(Type.String({ maxLength: REASON_MAX })),
  before: Type.Union([AuditState, Type.Null()]),
  after: Type.Union([AuditState, Type.Null()]),
  traceId: nullable(Type.String({ description: 'The trace of the request, as in logs.' })),
});
export type AuditEntry = Static<typeof AuditEntry>;

const filters = {
  actor: Type.Optional(CustomerId),
  action: Type.Optional(AuditAction),
  subject: Type.Optional({ ...CustomerId, description: 'Any id of the subject.' }),
};

/** Each service with a database offers it: its own entries. */
export const listAuditTrail = internal('listAuditTrail', 'GET /audit-trail', {
  summary: 'Actions of operators in this service and lock-outs, newest first, before the one named',
  query: auditQuery({ before: Type.Optional(Uuid), ...filters }),
  responses: {
    200: strictObject({
      data: Type.Array(AuditEntry),
      more: Type.Optional(
        Type.Boolean({ description: 'Whether there are older ones. Absent in older versions.' }),
      ),
    }),
  },
});

/** Services that keep a part of the audit trail. */
export const AuditedService = choice(
  'billing',
  'identity',
  'notifications',
  'orders',
  'profiles',
  'webhooks',
);
export type AuditedService = Static<typeof AuditedService>;

export const PublicAuditEntry = strictObject({ service: AuditedService, ...AuditEntry.properties });
export type PublicAuditEntry = Static<typeof PublicAuditEntry>;

export const AuditPage = strictObject({
  data: Type.Array(PublicAuditEntry),
  nextCursor: nullable(Type.String()),
  unanswered: Type.Array(AuditedService, {
    description: 'Services that did not answer: their entries are missing in this page.',
  }),
});
export type AuditPage = Static<typeof AuditPage>;

export const readAuditTrail = operation('readAuditTrail', 'GET /v1/operator/audit', {
  ...operator,
  summary: 'Who did what, when and why: actions of operators and lock-outs, newest first',
  query: listQuery(filters),
  responses: { 200: AuditPage },
});
