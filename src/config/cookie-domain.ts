/** Whether a browser takes a cookie for the domain from this host (RFC 6265 section 5.1.3). Both in lower case. */
export function isWithinDomain(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}
