import { type Static, type TProperties, type TSchema, Type } from 'typebox';
import { currencySettingFault } from './currency.ts';
import { KNOWN_MAIL_ADDRESS, MAIL_ADDRESS, MAIL_ADDRESS_MAX } from './mail-address.ts';
import {
  CUSTOMER_ID,
  IDEMPOTENCY_KEY,
  PLAIN_TEXT,
  REASON_MAX,
  UUID_PATTERN,
  VISIBLE_TEXT,
} from './patterns.ts';

export { AMOUNT_MAX } from './currency.ts';

/** The largest balance, in minor units: just below 2^53, where doubles stop being exact. */
export const BALANCE_MAX = 9 * 10 ** 15;

/** An object whose unknown members are violations, never dropped silently. */
export function strictObject<P extends TProperties>(properties: P) {
  return Type.Object(properties, { additionalProperties: false });
}

/** Money in minor units (kopecks), never a fraction. */
export function moneyBetween(minimum: number, maximum: number) {
  return strictObject({
    amount: Type.Integer({ minimum, maximum, description: 'Minor units (kopecks for RUB).' }),
    currency: Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217 code.' }),
  });
}

/** Money of any size and sign, as answers carry it. */
export const Money = moneyBetween(-BALANCE_MAX, BALANCE_MAX);
export type Money = Static<typeof Money>;

/** The setting CURRENCY of every service that knows amounts. */
export const CurrencySetting = Type.String({
  default: 'RUB',
  description: 'The one currency of orders and wallets (ISO 4217).',
  check: currencySettingFault,
});

/** A value or null. JSON Schema's type list, since `anyOf` makes serialization slow. */
export function nullable<S extends TSchema>(schema: S) {
  const { type, enum: values } = schema as unknown as { type: string; enum?: unknown[] };
  return Type.Unsafe<Static<S> | null>({
    ...schema,
    type: [type, 'null'],
    ...(values !== undefined && { enum: [...values, null] }),
  });
}

/** One of the given words. */
export function choice<const V extends string>(...values: V[]) {
  return Type.Unsafe<V>({ type: 'string', enum: values });
}

export const Uuid = Type.String({ pattern: UUID_PATTERN, description: 'UUID (RFC 9562).' });

/** The token's `sub`, verbatim: opaque, with our identity service a UUID. */
export const CustomerId = Type.String({ pattern: CUSTOMER_ID });

/**
 * The key of a format that the published documents name and validation does not check: answers hold
 * what we wrote, and requests have patterns. A symbol, so that neither Ajv nor the serializer sees it.
 */
export const FORMAT = Symbol('format');

export const Timestamp = Type.String({ [FORMAT]: 'date-time', description: 'RFC 3339, UTC.' });

/** A moment that a person or a program asks with. */
export const Moment = Type.String({
  format: 'date-time',
  maxLength: 40,
  description: 'RFC 3339.',
});

/** Filters of lists by the time at which something was made. */
export const madeBetween = {
  from: Type.Optional(Moment),
  until: Type.Optional({ ...Moment, description: 'RFC 3339; not that moment itself.' }),
};

const AmountFilter = Type.Integer({
  minimum: 0,
  maximum: BALANCE_MAX,
  description: 'Minor units.',
});

/** Filters of lists by the size of an amount, without its sign; both ends included. */
export const amountBetween = {
  minAmount: Type.Optional(AmountFilter),
  maxAmount: Type.Optional(AmountFilter),
};

/** The order of a list by time. The default is the newest first. */
export const Sort = choice('newest', 'oldest');
export type Sort = Static<typeof Sort>;

/** W3C Trace Context section 3.2.2.3. */
export const TraceId = Type.String({ pattern: '^[0-9a-f]{32}$' });

/** An IANA time zone, such as `Asia/Yekaterinburg`. */
export const TimeZone = Type.String({
  minLength: 1,
  maxLength: 64,
  pattern: '^[A-Za-z][A-Za-z0-9_+/-]*$',
  description: 'IANA time zone.',
});

/** The setting PUBLIC_URL of the services whose letters have links. */
export const PublicUrlSetting = Type.Optional(
  Type.String({
    format: 'http-url',
    description:
      'Address under which customers reach the gateway, for links in letters. When absent, letters ' +
      "about accounts lead to the gateway's own address and those about orders have no links.",
  }),
);

/** One line of text for people, 1 to `maxLength` characters. */
export function lineOfText(maxLength: number) {
  return Type.String({ minLength: 1, maxLength, pattern: PLAIN_TEXT });
}

/** The same with a visible character, as all texts that people enter have. */
export function visibleLine(maxLength: number) {
  return Type.String({ minLength: 1, maxLength, pattern: VISIBLE_TEXT });
}

/** An operator's reason for a reversal or a repair. */
export const OperatorReason = visibleLine(REASON_MAX);

/** An address that exists, also one that only a former version took. */
export const EmailAddress = Type.String({
  maxLength: MAIL_ADDRESS_MAX,
  pattern: KNOWN_MAIL_ADDRESS,
});

/** An address that a person enters. */
export const NewEmailAddress = Type.String({ maxLength: MAIL_ADDRESS_MAX, pattern: MAIL_ADDRESS });

const PERSON_NAME_MAX = 200;

/** A name that exists: former versions took blank ones. */
export const PersonName = lineOfText(PERSON_NAME_MAX);

/** A name that a person enters. */
export const NewPersonName = visibleLine(PERSON_NAME_MAX);

/** Language of letters. */
export const Locale = choice('ru', 'en');
export type Locale = Static<typeof Locale>;

/** Visible ASCII, as the Idempotency-Key header carries it. */
export const IdempotencyKey = Type.String({ pattern: IDEMPOTENCY_KEY });

export const OrderParams = strictObject({ orderId: Uuid });

const PAGE_SIZE_MAX = 100;
export const PAGE_SIZE_DEFAULT = 20;

/** The position from which a list or a reconciliation continues; opaque to clients. */
export const Cursor = Type.String({ minLength: 1, maxLength: 500 });

/** Query of a list: strict, so that a misspelt parameter is not silently ignored. */
export function listQuery<P extends Record<string, TSchema>>(filters: P) {
  return strictObject({
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_SIZE_MAX })),
    cursor: Type.Optional(Cursor),
    ...filters,
  });
}

/** One page of a list, newest first. */
export function pageOf<S extends TSchema>(element: S) {
  return strictObject({
    data: Type.Array(element, {
      description: 'At most `limit`, and fewer where they have 256 KiB: `nextCursor` leads on.',
    }),
    nextCursor: nullable(Type.String({ description: 'Of the next page; null on the last one.' })),
  });
}

/** For operations without a query: any parameter is a violation. */
export const NoQuery = strictObject({});

const AUDIT_PAGE_MAX = 500;

/** Query of one page of a reconciliation: a part of a table, in the order of its key. */
export function auditQuery<P extends Record<string, TSchema>>(bounds: P) {
  return strictObject({ limit: Type.Integer({ minimum: 1, maximum: AUDIT_PAGE_MAX }), ...bounds });
}

/** The result of such a page; the next page starts after `last`, which is null at the end. */
export function auditOf<S extends TSchema>(key: S) {
  return strictObject({
    checked: Type.Integer({ minimum: 0 }),
    faults: Type.Array(strictObject({ id: key, detail: Type.String() })),
    last: nullable(key),
  });
}
