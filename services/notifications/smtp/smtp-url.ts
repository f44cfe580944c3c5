import { smtpUrlFault } from '#platform/config/setting-formats.ts';
import type { SmtpSettings, SmtpTimeouts } from './session.ts';

/** @throws TypeError for a malformed URL, without its text */
export function parseSmtpUrl(text: string, timeouts: SmtpTimeouts): SmtpSettings {
  const fault = smtpUrlFault(text);
  if (fault !== null) throw new TypeError(`the SMTP URL ${fault}`);
  const url = new URL(text);
  const secure = url.protocol === 'smtps:';
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const loopback = host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
  const stated = url.searchParams.get('requireTLS');
  const signsIn = url.username !== '';
  return {
    host,
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    // A password must not leave this machine in clear just because a server, or somebody between,
    // does not offer STARTTLS.
    requireTls: stated === null ? signsIn && !loopback && !secure : stated === 'true' && !secure,
    ...(signsIn && {
      credentials: {
        user: decodeURIComponent(url.username),
        pass: decodeURIComponent(url.password),
      },
    }),
    timeouts,
  };
}
