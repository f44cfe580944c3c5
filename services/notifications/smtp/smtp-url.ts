import { smtpUrlFault } from '#platform/config/setting-formats.ts';
import { hostInUrl, isLoopbackHost } from '#platform/values/host-names.ts';
import type { SmtpSettings } from './session.ts';

/**
 * The mail servers of the URLs, in their order: `smtp://user:password@host:port` (STARTTLS when
 * offered) or `smtps://…`, user and password percent-encoded. `?requireTLS=true` makes STARTTLS a
 * must; so does a password for a host that is not this machine, unless `?requireTLS=false` is stated.
 * @returns each with a name of its own, `host:port`
 * @throws TypeError for a malformed URL, without its text
 */
export function parseSmtpUrls(
  urls: readonly string[],
  shared: Omit<SmtpSettings, keyof ParsedUrl>,
): (SmtpSettings & { name: string })[] {
  const seen = new Map<string, number>();
  return urls.map((url) => {
    const parsed = parseSmtpUrl(url);
    const host = hostInUrl(parsed.host);
    const name = `${host}:${parsed.port}`;
    const number = (seen.get(name) ?? 0) + 1;
    seen.set(name, number);
    // Two accounts at one server are two providers.
    return { ...shared, ...parsed, name: number === 1 ? name : `${name}#${number}` };
  });
}

type ParsedUrl = Pick<
  SmtpSettings,
  'host' | 'port' | 'secure' | 'requireTls' | 'ignoreTls' | 'credentials'
>;

function parseSmtpUrl(text: string): ParsedUrl {
  const fault = smtpUrlFault(text);
  if (fault !== null) throw new TypeError(`the SMTP URL ${fault}`);
  const url = new URL(text);
  const secure = url.protocol === 'smtps:';
  const stated = url.searchParams.get('requireTLS');
  const signsIn = url.username !== '';
  const loopback = isLoopbackHost(url.hostname);
  return {
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    // A password must not leave this machine in clear because a server, or an attacker in
    // between, offers no STARTTLS.
    requireTls: stated === null ? signsIn && !loopback && !secure : stated === 'true' && !secure,
    ignoreTls: url.searchParams.get('ignoreTLS') === 'true',
    ...(signsIn && {
      credentials: {
        user: decodeURIComponent(url.username),
        pass: decodeURIComponent(url.password),
      },
    }),
  };
}
