import { PROGRAM } from '#platform/values/program.ts';
import type { GatewayConfig } from '../context/config.ts';
import type { ConsoleConfig } from './console-routes.ts';

/** The settings that the console needs. */
export function consoleConfigOf(config: GatewayConfig): ConsoleConfig {
  return {
    currency: config.CURRENCY,
    selfTopUp: config.WALLET_SELF_TOP_UP,
    ...signInOf(config),
    mailbox: config.MAILBOX_URL !== undefined,
    faultLab: config.FAULT_LAB_URL !== undefined,
    webhooks: config.WEBHOOKS_URL !== undefined,
    confirmAddresses: config.CONFIRM_ADDRESSES,
    operator: { claim: config.OPERATOR_CLAIM, value: config.OPERATOR_CLAIM_VALUE },
    commandLine: PROGRAM,
  };
}

/** The console's way of signing in. */
function signInOf(config: GatewayConfig): Pick<ConsoleConfig, 'signIn' | 'issuer'> {
  const { OIDC_ISSUER: url, OIDC_CLIENT_ID: clientId, OIDC_SCOPE: scope } = config;
  if (url === undefined) return { signIn: 'password', issuer: null };
  if (clientId === undefined) return { signIn: 'token', issuer: null };
  const audience = config.OIDC_AUDIENCE;
  return {
    signIn: 'issuer',
    issuer: { url, clientId, scope, resource: URL.canParse(audience) ? audience : null },
  };
}
