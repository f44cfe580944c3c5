import {
  allowInsecureRequests,
  ClientSecretBasic,
  clientCredentialsGrantRequest,
  processClientCredentialsResponse,
  ResponseBodyError,
  WWWAuthenticateChallengeError,
} from 'oauth4webapi';
import { OperatorError } from '../../errors.ts';

// Below the time-out of a connection, so that the token endpoint is named and not the broker.
const TIMEOUT_MS = 2_500;
// Connections log in again after 80 % of a token's life, and need another token by then.
const RENEW_AT = 0.75;
// Of a token without `expires_in`.
const LIFETIME_S = 300;
const TEXT_MAX = 200;

export interface OauthClient {
  /** Token endpoint: https, or http on loopback. */
  tokenUrl: string;
  clientId: string;
  clientSecret: string;
  scope?: string;
}

/**
 * Access tokens of a client for itself (RFC 6749 section 4.4), cached and renewed before they
 * expire; concurrent callers share a request.
 * @returns a function that throws OperatorError when the issuer refuses the client
 */
export function createTokenSource(client: OauthClient): () => Promise<string> {
  let token = { value: '', renewAt: 0 };
  let pending: Promise<string> | undefined;

  async function renew(): Promise<string> {
    try {
      const { value, lifetimeS } = await request(client);
      token = { value, renewAt: performance.now() + lifetimeS * 1_000 * RENEW_AT };
      return value;
    } finally {
      pending = undefined;
    }
  }

  return async () => {
    if (performance.now() < token.renewAt) return token.value;
    pending ??= renew();
    return pending;
  };
}

async function request({ tokenUrl, clientId, clientSecret, scope }: OauthClient) {
  // Only the token endpoint is used: an issuer's other metadata need no request.
  const server = { issuer: tokenUrl, token_endpoint: tokenUrl };
  const client = { client_id: clientId };
  try {
    const response = await clientCredentialsGrantRequest(
      server,
      client,
      ClientSecretBasic(clientSecret),
      scope === undefined ? {} : { scope },
      // The format of the setting allows http on loopback only.
      { signal: AbortSignal.timeout(TIMEOUT_MS), [allowInsecureRequests]: true },
    );
    const answer = await processClientCredentialsResponse(server, client, response);
    return { value: answer.access_token, lifetimeS: answer.expires_in ?? LIFETIME_S };
  } catch (cause) {
    const refusal = refusalOf(cause);
    if (refusal === null) {
      throw new Error(`KAFKA_OAUTH_TOKEN_URL ${tokenUrl} gives no token`, { cause });
    }
    throw new OperatorError(
      `KAFKA_OAUTH_TOKEN_URL ${tokenUrl} refuses client ${clientId} a token (${refusal})`,
    );
  }
}

/** Status and error of an answer that refuses a token (RFC 6749 section 5.2); null for others. */
function refusalOf(error: unknown): string | null {
  if (error instanceof ResponseBodyError) {
    return refusalText(error.status, error.error, error.error_description);
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    const { error: code, error_description: description } = error.cause[0]?.parameters ?? {};
    return refusalText(error.status, code, description);
  }
  return null;
}

function refusalText(status: number, error = '', description = ''): string {
  return [`${status} ${error}`.trim(), description].filter(Boolean).join(': ').slice(0, TEXT_MAX);
}
