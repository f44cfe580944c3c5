import { type Static, Type } from 'typebox';
import { ConfirmAddressesSetting } from '#contracts/account-letters.ts';
import { CurrencySetting, PublicUrlSetting } from '#contracts/common.ts';
import { visibleAscii } from '#contracts/patterns.ts';
import { settingsSchema } from '#platform/config/load-config.ts';
import { callTlsSettings } from '#platform/http/call-tls.ts';
import { trustProxyFault } from '#platform/http/trust-proxy.ts';
import { listenerSettings } from '#platform/service/internal-service.ts';
import { isLoopbackAddress, isLoopbackHost } from '#platform/values/host-names.ts';
import { crossOriginSettings } from './cross-origin.ts';
import { openSettings } from './open-to-network.ts';
import { limitSettings } from './request-limits.ts';

const urls = (callee: string) =>
  Type.Array(Type.String({ format: 'http-url' }), {
    description: `Base URLs of ${callee}, comma-separated.`,
  });

const properties = {
  ...listenerSettings,
  PORT: Type.Integer({ default: 8080, minimum: 0, maximum: 65_535, description: 'Public port.' }),
  GATEWAY_PRIVATE_KEY: Type.String({
    format: 'ed25519-key',
    description: "Ed25519 key (PKCS#8 PEM) that signs the gateway's calls to the services.",
  }),
  ORDERS_URL: urls('orders'),
  BILLING_URL: urls('billing'),
  PROFILES_URL: urls('profiles'),
  NOTIFICATIONS_URL: urls('notifications'),
  IDENTITY_URL: Type.Optional(urls('identity; not used when OIDC_ISSUER is set')),
  WEBHOOKS_URL: Type.Optional(urls('webhooks; without it there are none')),
  ...callTlsSettings,
  OIDC_ISSUER: Type.Optional(
    Type.String({
      format: 'issuer-url',
      description: 'OpenID Connect issuer whose tokens are accepted instead.',
    }),
  ),
  OIDC_AUDIENCE: Type.String({ default: 'orderbell', description: 'Required `aud` of tokens.' }),
  OIDC_CLIENT_ID: Type.Optional(
    Type.String({
      pattern: visibleAscii(255),
      description:
        'Public client (PKCE, redirect to /sign-in) by which the console signs people in at ' +
        'OIDC_ISSUER; without it one pastes a token there.',
    }),
  ),
  OIDC_SCOPE: Type.String({
    default: 'openid email profile',
    // RFC 6749 section 3.3. Without openid there is no ID token to identify the customer by.
    pattern: '^openid( [\\x21\\x23-\\x5b\\x5d-\\x7e]+)*$',
    description: 'Scopes that the console asks OIDC_ISSUER for, openid first.',
  }),
  TOKEN_ISSUER: Type.String({
    default: 'orderbell',
    description: 'Required `iss` of tokens of the identity service.',
  }),
  TOKEN_TYPES: Type.Array(Type.String(), {
    default: ['none', 'jwt', 'at+jwt'],
    description: 'Accepted `typ` headers of tokens; `none` for tokens without one.',
  }),
  OPERATOR_CLAIM: Type.String({
    default: 'scope',
    description: 'Claim that makes an operator; dots lead into objects (realm_access.roles).',
  }),
  OPERATOR_CLAIM_VALUE: Type.String({ default: 'operator', description: 'Its value.' }),
  WALLET_SELF_TOP_UP: Type.Boolean({
    default: false,
    description: 'Whether customers may top their own wallets up.',
  }),
  CURRENCY: CurrencySetting,
  CONFIRM_ADDRESSES: ConfirmAddressesSetting,
  DECLINED_ORDERS_PER_MINUTE: Type.Integer({
    default: 600,
    minimum: 1,
    maximum: 100_000,
    description: 'Declined orders of one customer within a minute; more orders are answered 429.',
  }),
  ORDER_DEADLINE_MS: Type.Integer({
    default: 5_000,
    minimum: 100,
    maximum: 60_000,
    description: 'Budget of one order; after it the answer is 202 or 503.',
  }),
  RECOVERY_AGE_MS: Type.Integer({
    default: 30_000,
    minimum: 0,
    maximum: 86_400_000,
    description: 'Age at which a Pending order is recovered; above ORDER_DEADLINE_MS.',
  }),
  RECOVERY_INTERVAL_MS: Type.Integer({
    default: 5_000,
    minimum: 50,
    maximum: 3_600_000,
    description: 'Mean time between rounds of recovery.',
  }),
  ...limitSettings,
  TRUST_PROXY: Type.String({
    default: 'false',
    check: trustProxyFault,
    description:
      'Whose X-Forwarded-For names the client: nobody (false), the given number of proxies in ' +
      'front (1 to 10), or proxies at the listed addresses and networks (10.0.0.0/8,2001:db8::/32).',
  }),
  METRICS: Type.Boolean({
    default: false,
    description:
      'Whether /metrics is served on the public port; for listeners that are not public.',
  }),
  CONSOLE: Type.Boolean({
    default: true,
    description: 'Whether the web console is served at /; without it / leads to the API docs.',
  }),
  ...openSettings,
  ...crossOriginSettings,
  PUBLIC_URL: PublicUrlSetting,
  MAILBOX_URL: Type.Optional(
    Type.String({
      format: 'http-url',
      description:
        'Where the mailbox of the default set-up is; for the page /mailbox of the console.',
    }),
  ),
  FAULT_LAB_URL: Type.Optional(
    Type.String({
      // With a path, which is the key of the lab.
      format: 'issuer-url',
      description:
        'Where the fault lab of `npm start -- --lab` is; for the page /operator/fault-lab of the ' +
        'console. Loopback only.',
    }),
  ),
};

/** Its switches break the system on purpose, so nobody beyond this machine may reach them. */
function faultLabProblems(config: { FAULT_LAB_URL?: string; LISTEN_ADDRESS?: string }): string[] {
  const { FAULT_LAB_URL: url, LISTEN_ADDRESS: address } = config;
  if (url === undefined) return [];
  if (!isLoopbackHost(new URL(url).hostname)) {
    return [
      'FAULT_LAB_URL must be on this machine: the fault lab is for learning, never for others',
    ];
  }
  return address === undefined || isLoopbackAddress(address)
    ? []
    : ['FAULT_LAB_URL is set, so LISTEN_ADDRESS must be 127.0.0.1 or another loopback address'];
}

export const GatewayConfig = settingsSchema(
  properties,
  (_config, isSet) =>
    isSet('OIDC_ISSUER') || isSet('IDENTITY_URL')
      ? []
      : ['IDENTITY_URL is not set: it is needed where OIDC_ISSUER is not set either'],
  ({ OIDC_CLIENT_ID: client, OIDC_AUDIENCE: audience }) =>
    client === undefined || client !== audience
      ? []
      : [
          'OIDC_CLIENT_ID must differ from OIDC_AUDIENCE: the aud of an ID token is its client, so ' +
            'ID tokens would pass as access tokens. Let the issuer give access tokens another aud',
        ],
  faultLabProblems,
);
export type GatewayConfig = Static<typeof GatewayConfig>;
