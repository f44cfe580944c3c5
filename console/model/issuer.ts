import type { AuthorizationServer } from 'oauth4webapi';
import { readDraft, storeDraft } from './browser-storage.ts';
import type { Credential } from './session.ts';

// Signing in at an external OpenID Connect issuer: authorization code with PKCE (RFC 7636) as a
// public client (RFC 9700 section 2.1).

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
}

interface SignedIn {
  credential: Credential;
  /** The page that asked to sign in. */
  from: string;
}

const DRAFT = 'issuer';
// Registered with the issuer, for each address of the console.
const redirectUri = () => `${location.origin}/sign-in`;

// Loaded on demand: most installations have no external issuer.
const loadLibrary = () => import('oauth4webapi');
type Library = Awaited<ReturnType<typeof loadLibrary>>;

/** Only an issuer on this machine may use http; the gateway checks that in its settings. */
function optionsFor(oauth: Library, { url }: Issuer) {
  return { [oauth.allowInsecureRequests]: new URL(url).protocol === 'http:' };
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
 * @throws Error when the issuer does not answer
 */
export async function leaveForIssuer(issuer: Issuer, from: string): Promise<void> {
  const oauth = await loadLibrary();
  const server = await discover(oauth, issuer);
  const departure: Departure = {
    state: oauth.generateRandomState(),
    nonce: oauth.generateRandomNonce(),
    verifier: oauth.generateRandomCodeVerifier(),
    from,
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
export async function returnFromIssuer(issuer: Issuer, address: URL): Promise<SignedIn | null> {
  const departure = readDraft<Departure>(DRAFT);
  storeDraft(DRAFT, null);
  if (departure === null) return null;
  const oauth = await loadLibrary();
  const server = await discover(oauth, issuer);
  const client = { client_id: issuer.clientId };
  const callback = oauth.validateAuthResponse(server, client, address, departure.state);
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
  const email = oauth.getValidatedIdTokenClaims(tokens)?.email;
  const { access_token: token, expires_in: expiresIn } = tokens;
  return {
    credential: {
      token,
      email: typeof email === 'string' ? email : '',
      ...(expiresIn !== undefined && { expiresIn }),
    },
    from: departure.from,
  };
}

function resourceOf({ resource }: Issuer) {
  return resource === null ? {} : { additionalParameters: { resource } };
}
