import type { AuthorizationServer } from 'oauth4webapi';
import { readDraft, storeDraft } from './browser-storage.ts';
import type { Credential, Issued } from './session.ts';

// Signing in at an external OpenID Connect issuer: authorization code with PKCE (RFC 7636) as a
// public client (RFC 9700 section 2.1). Renewal by refresh token, sign-out by OpenID Connect
// RP-Initiated Logout.

/** The issuer, from the settings of the gateway. */
export interface Issuer {
  url: string;
  clientId: string;
  scope: string;
  /** Sent as RFC 8707 requires if the audience of tokens is an address. */
  resource: string | null;
}

/** Stored in this tab while the person is at the issuer. */
interface Departure {
  state: string;
  nonce: string;
  verifier: string;
  /** The page that asked to sign in. */
  from: string;
  /** The issuer may not show a page: it signs in by its own session, or refuses. */
  silent: boolean;
}

interface Arrival {
  /** Null when the issuer did not sign in silently. */
  credential: Credential | null;
  /** The page that asked to sign in. */
  from: string;
}

const DRAFT = 'issuer';
const TIMEOUT_MS = 10_000;
// Longer ones may not fit into an address. Then the issuer asks whom to sign out.
const HINT_MAX = 4_000;
// Registered with the issuer, for each address of the console. It is also where a sign-out ends.
const redirectUri = () => `${location.origin}/sign-in`;

// Loaded on demand: most installations have no external issuer.
const loadLibrary = () => import('oauth4webapi');
type Library = Awaited<ReturnType<typeof loadLibrary>>;

/** Only an issuer on this machine may use http; the gateway checks that in its settings. */
function optionsFor(oauth: Library, { url }: Issuer) {
  return {
    [oauth.allowInsecureRequests]: new URL(url).protocol === 'http:',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
}

async function discover(oauth: Library, issuer: Issuer): Promise<AuthorizationServer> {
  const url = new URL(issuer.url);
  return oauth.processDiscoveryResponse(
    url,
    await oauth.discoveryRequest(url, optionsFor(oauth, issuer)),
  );
}

/**
 * Sends the browser to the issuer.
 * @param from the page to return to
 * @param silent the person has signed in before: come back at once, with a token or without
 * @throws Error when the issuer does not answer
 */
export async function leaveForIssuer(issuer: Issuer, from: string, silent = false): Promise<void> {
  const oauth = await loadLibrary();
  const server = await discover(oauth, issuer);
  const departure: Departure = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    from,
    silent,
  };
  storeDraft(DRAFT, departure);
  const address = new URL(server.authorization_endpoint ?? '');
  const parameters = {
    response_type: 'code',
    client_id: issuer.clientId,
    redirect_uri: redirectUri(),
    scope: issuer.scope,
    state: departure.state,
    nonce: departure.nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(departure.verifier),
    code_challenge_method: 'S256',
    ...(issuer.resource !== null && { resource: issuer.resource }),
    ...(silent && { prompt: 'none' }),
  };
  for (const [name, value] of Object.entries(parameters)) address.searchParams.set(name, value);
  location.assign(address);
}

/** Whether the issuer sent the person to this address. */
export function isReturn(query: Record<string, string>): boolean {
  return query.state !== undefined && (query.code !== undefined || query.error !== undefined);
}

/**
 * Exchanges the code in the address for a token.
 * @param address of the page that the issuer redirected to
 * @returns null when this tab did not start the sign-in, or has finished it already
 * @throws Error when the issuer refuses
 */
export async function returnFromIssuer(issuer: Issuer, address: URL): Promise<Arrival | null> {
  const departure = readDraft<Departure>(DRAFT);
  storeDraft(DRAFT, null);
  if (departure === null) return null;
  const oauth = await loadLibrary();
  const server = await discover(oauth, issuer);
  const client = { client_id: issuer.clientId };
  const { from, silent } = departure;
  let callback: URLSearchParams;
  try {
    callback = oauth.validateAuthResponse(server, client, address, departure.state);
  } catch (error) {
    if (silent && error instanceof oauth.AuthorizationResponseError) {
      return { credential: null, from };
    }
    throw error;
  }
  const request = { ...optionsFor(oauth, issuer), ...resourceOf(issuer) };
  const response = await oauth.authorizationCodeGrantRequest(
    server,
    client,
    oauth.None(),
    callback,
    redirectUri(),
    departure.verifier,
    request,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(server, client, response, {
    expectedNonce: departure.nonce,
    requireIdToken: true,
  });
  return { credential: credentialOf(oauth, tokens), from };
}

/**
 * A new token for a refresh token, which the issuer may take only once.
 * @returns null when the issuer does not take it (any more)
 * @throws Error when the issuer does not answer
 */
export async function renewAtIssuer(
  issuer: Issuer,
  { refreshToken, idToken }: Issued,
): Promise<Credential | null> {
  const oauth = await loadLibrary();
  const server = await discover(oauth, issuer);
  const client = { client_id: issuer.clientId };
  const request = { ...optionsFor(oauth, issuer), ...resourceOf(issuer) };
  const response = await oauth.refreshTokenGrantRequest(
    server,
    client,
    oauth.None(),
    refreshToken ?? '',
    request,
  );
  if (response.status >= 500) throw new Error(`the issuer answered ${response.status}`);
  try {
    const tokens = await oauth.processRefreshTokenResponse(server, client, response);
    return credentialOf(oauth, tokens, { refreshToken, idToken });
  } catch (error) {
    if (error instanceof oauth.ResponseBodyError) return null;
    if (error instanceof oauth.WWWAuthenticateChallengeError) return null;
    throw error;
  }
}

type Tokens = Awaited<ReturnType<Library['processRefreshTokenResponse']>>;

/** @param before what stays valid when a renewal does not give it again */
function credentialOf(oauth: Library, tokens: Tokens, before?: Issued): Credential {
  const email = oauth.getValidatedIdTokenClaims(tokens)?.email;
  const { access_token: token, expires_in: expiresIn } = tokens;
  return {
    token,
    email: typeof email === 'string' ? email : '',
    ...(expiresIn !== undefined && { expiresIn }),
    issued: {
      refreshToken: tokens.refresh_token ?? before?.refreshToken ?? null,
      idToken: tokens.id_token ?? before?.idToken ?? null,
    },
  };
}

/**
 * Sends the browser to the issuer to end the session there; it comes back to `/sign-in`.
 * @returns false when the issuer has no such page
 * @throws Error when the issuer does not answer
 */
export async function signOutAtIssuer(issuer: Issuer, idToken: string | null): Promise<boolean> {
  const oauth = await loadLibrary();
  const { end_session_endpoint: endpoint } = await discover(oauth, issuer);
  if (endpoint === undefined) return false;
  const address = new URL(endpoint);
  address.searchParams.set('client_id', issuer.clientId);
  address.searchParams.set('post_logout_redirect_uri', redirectUri());
  if (idToken !== null && idToken.length <= HINT_MAX) {
    address.searchParams.set('id_token_hint', idToken);
  }
  location.assign(address);
  return true;
}

function resourceOf({ resource }: Issuer) {
  return resource === null ? {} : { additionalParameters: { resource } };
}
