import { createHash, createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';

/** The parts of a refresh token: base64url of session id, family and secret. */
export interface RefreshToken {
  sessionId: string;
  /** The same in all refresh tokens of the session, known to its holders only. */
  family: Buffer;
  /** Of this token alone. */
  secret: Buffer;
}

const ID_BYTES = 16;
const FAMILY_BYTES = 16;
const SECRET_BYTES = 32;
const BYTES = ID_BYTES + FAMILY_BYTES + SECRET_BYTES;

export type RefreshTokens = ReturnType<typeof createRefreshTokens>;

/** Makes refresh tokens. @param key the secret of identity: only it derives a token's successor */
export function createRefreshTokens(key: string) {
  const keyed = (use: string, data: string | Buffer) =>
    createHmac('sha256', key).update(`orderbell ${use} `).update(data).digest();
  return {
    first: (): RefreshToken => ({
      sessionId: randomUUID(),
      family: randomBytes(FAMILY_BYTES),
      secret: randomBytes(SECRET_BYTES),
    }),
    /** Always the same, so that a repeated renewal gets the answer that was lost. */
    next: (token: RefreshToken): RefreshToken => ({
      ...token,
      secret: keyed('refresh', token.secret),
    }),
    /** Stored in place of a client address: it shows no address, and finds the same one again. */
    clientHash: (clientAddress: string): Buffer => keyed('client', clientAddress),
  };
}

export function hashOf(secret: Buffer | string): Buffer {
  return createHash('sha256').update(secret).digest();
}

export function isSameHash(one: Buffer | null, other: Buffer): boolean {
  return one !== null && one.length === other.length && timingSafeEqual(one, other);
}

export function writeToken({ sessionId, family, secret }: RefreshToken): string {
  const id = Buffer.from(sessionId.replaceAll('-', ''), 'hex');
  return Buffer.concat([id, family, secret]).toString('base64url');
}

/** @returns null for anything else */
export function readToken(text: string): RefreshToken | null {
  const bytes = Buffer.from(text, 'base64url');
  if (bytes.length !== BYTES || bytes.toString('base64url') !== text) return null;
  const id = bytes.subarray(0, ID_BYTES).toString('hex');
  return {
    sessionId: id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
    family: bytes.subarray(ID_BYTES, ID_BYTES + FAMILY_BYTES),
    secret: bytes.subarray(ID_BYTES + FAMILY_BYTES),
  };
}
