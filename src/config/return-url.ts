/** The scheme of an app on a phone, which begins with a domain of its maker (RFC 8252 section 7.1). */
const APP_SCHEME = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/;

/**
 * Whether a text is a URL, written as a browser writes it, to which a sign-in may lead back. That takes care of
 * backslashes, encoded hosts, users before an @ and all else that two parsers could read differently.
 */
export function isReturnUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { href, origin, protocol, username, password } = new URL(text);
  // An empty fragment is none to the parser, and a backslash in a query is no character of a URL.
  if (username !== '' || password !== '' || /[#*\\]/.test(text)) return false;
  if (protocol === 'https:' || protocol === 'http:') return text === href || text === origin;
  return APP_SCHEME.test(protocol) && text === href;
}
