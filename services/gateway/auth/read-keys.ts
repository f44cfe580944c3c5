import { Agent, type Dispatcher, request } from 'undici';
import { isTamperProof } from '#platform/config/setting-formats.ts';
import { describeError, OperatorError } from '#platform/errors.ts';
import type { CallTls } from '#platform/http/call-tls.ts';
import { callFaultOf } from '#platform/http/tls.ts';
import { type TlsFault, tlsFaultOf } from '#platform/tls-fault.ts';
import { type UsableKeys, usableKeysOf } from './usable-keys.ts';

const TIMEOUT_MS = 3_000;
// Issuers publish a few kilobytes.
const DOCUMENT_MAX = 1_000_000;
const WHY_MAX = 500;

/** Codes of Node's network errors in words. */
const NETWORK_CAUSES: Record<string, string> = {
  ENOTFOUND: 'DNS knows no such host',
  EAI_AGAIN: 'DNS does not answer',
  ECONNREFUSED: 'nothing listens at this port',
  ECONNRESET: 'the connection was closed',
  EHOSTUNREACH: 'no route leads to this host',
  ENETUNREACH: 'no route leads to this network',
  UND_ERR_CONNECT_TIMEOUT: 'the host does not answer',
};

const TLS_CAUSES: Partial<Record<TlsFault, string>> = {
  host: 'its certificate is for another host',
  time: 'its certificate has expired or is not valid yet; check the clocks too',
  authority:
    'its certificate is from a CA that is unknown here; name a file with that CA in NODE_EXTRA_CA_CERTS',
  'no-tls': 'this port does not speak TLS',
};

/**
 * The keys that an OpenID Connect issuer publishes.
 * @param issuer https, or http on this machine only
 * @throws Error with the address and the cause
 */
export async function readIssuerKeys(issuer: string, signal: AbortSignal): Promise<UsableKeys> {
  return keysIn(await discoverKeys(issuer, signal), (url) => readJson(url.href, signal));
}

/**
 * The keys that identity publishes, from the first replica that answers.
 * @param tls of https URLs; the authorities that Node knows when absent
 * @throws Error with the addresses and the causes
 */
export async function readIdentityKeys(
  urls: readonly string[],
  signal: AbortSignal,
  tls?: CallTls,
): Promise<UsableKeys> {
  const faults: string[] = [];
  const agent = new Agent({ connect: tls?.connector(TIMEOUT_MS) ?? { timeout: TIMEOUT_MS } });
  try {
    for (const base of urls) {
      try {
        return await keysIn(new URL('/jwks', base), (url) => readInside(url, signal, agent));
      } catch (error) {
        faults.push(describeError(error));
      }
    }
  } finally {
    await agent.destroy();
  }
  throw new Error(faults.join('; '));
}

/** The key address of an issuer's discovery document. */
export async function discoverKeys(issuer: string, signal?: AbortSignal): Promise<URL> {
  const address = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  const document = (await readJson(address, signal)) as Record<string, unknown> | null;
  // OpenID Connect Discovery section 4.3: the document must name the very issuer.
  if (document?.issuer !== issuer) {
    throw new Error(
      `${address}: it names the issuer ${JSON.stringify(document?.issuer)?.slice(0, 200)}, ` +
        `but OIDC_ISSUER is "${issuer}"`,
    );
  }
  if (typeof document.jwks_uri !== 'string') throw new Error(`${address}: it has no jwks_uri`);
  return checkedUrl(document.jwks_uri);
}

/** @throws Error for http to another machine: an attacker in between could replace the keys */
export function checkedUrl(text: string): URL {
  const url = URL.parse(text);
  if (url !== null && isTamperProof(url)) return url;
  throw new Error(`the issuer's jwks_uri is ${text.slice(0, 200)}: it must be an https:// URL`);
}

async function keysIn(url: URL, read: (url: URL) => Promise<unknown>): Promise<UsableKeys> {
  const set = (await read(url)) as { keys?: unknown } | null;
  if (!Array.isArray(set?.keys)) throw new Error(`${url}: the answer is no JSON Web Key Set`);
  const found = usableKeysOf({ keys: set.keys });
  // A set without one would sign everybody out.
  if (found.keys.keys.length === 0) {
    const why = found.skipped.length === 0 ? '' : `: ${found.skipped.join('; ').slice(0, WHY_MAX)}`;
    throw new Error(`${url}: the set has no public key for signatures${why}`);
  }
  return found;
}

/** Like other calls between services it takes no proxy, and trusts SERVICES_TLS_CA. */
async function readInside(url: URL, signal: AbortSignal, dispatcher: Dispatcher): Promise<unknown> {
  const bounded = AbortSignal.any([AbortSignal.timeout(TIMEOUT_MS), signal]);
  return parse(url.href, async () => {
    const answer = await request(url, { dispatcher, signal: bounded }).catch((error: unknown) => {
      throw callFaultOf(url.origin, error);
    });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      throw new Error(`the answer is ${answer.statusCode}`);
    }
    return textOf(answer.body);
  });
}

async function readJson(address: string, signal?: AbortSignal): Promise<unknown> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return parse(address, async () => {
    const answer = await fetch(address, {
      redirect: 'manual',
      headers: { accept: 'application/json' },
      signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
    });
    if (!answer.ok) {
      await answer.body?.cancel();
      throw new Error(`the answer is ${answer.status}`);
    }
    return textOf(answer.body ?? []);
  });
}

async function parse(address: string, read: () => Promise<string>): Promise<unknown> {
  let text: string;
  try {
    text = await read();
  } catch (error) {
    // Without the cause, whose text is in this one.
    throw new Error(`${address}: ${explain(error)}`);
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new Error(`${address}: the answer is not JSON`);
  }
}

async function textOf(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of body) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length > DOCUMENT_MAX) throw new Error(`the answer is above ${DOCUMENT_MAX} bytes`);
  }
  return text + decoder.decode();
}

function explain(error: unknown): string {
  if (error instanceof OperatorError) return describeError(error);
  for (let each = error; each instanceof Error; each = each.cause) {
    if (each.name === 'TimeoutError') return `no answer within ${TIMEOUT_MS} ms`;
    const { code = '' } = each as NodeJS.ErrnoException;
    const tls = tlsFaultOf(code);
    const cause = NETWORK_CAUSES[code] ?? (tls === null ? undefined : TLS_CAUSES[tls]);
    if (cause !== undefined) return `${cause} (${code})`;
  }
  return describeError(error);
}
