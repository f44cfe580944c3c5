/**
 * What `WWW-Authenticate` says of a refused token (RFC 6750 section 3). A request without a bearer
 * token gets the name of the scheme alone, as every 401 does.
 */
export function challenge(
  error: 'invalid_request' | 'invalid_token' | 'insufficient_scope',
  description: string,
  scope?: string,
): Record<string, string> {
  const parameters = { error, error_description: description, ...(scope && { scope }) };
  const written = Object.entries(parameters).map(([name, value]) => `${name}="${value}"`);
  return { 'www-authenticate': `Bearer ${written.join(', ')}` };
}
