import { isUtf8 } from 'node:buffer';
import { isIP } from 'node:net';
import type { Express as App, Request } from 'express';
import ipaddr from 'ipaddr.js';
import type { RequestOrigin } from '../core/principal.ts';
import { withoutControls } from '../core/values/text.ts';
import { clientRequestIdOf, requestIdOf } from './request-id.ts';

const MAX_USER_AGENT_LENGTH = 512;
const MAX_LANGUAGE_LENGTH = 100;
/** The least that a customer of a provider gets (RFC 6177), and may change addresses in at will. */
const IPV6_NETWORK_PARTS = 4;

/** Some gateways write a port after the address that they forward, and brackets around it; a zone means something to one host. */
const PORT = /^(?:([\d.]+):\d+|\[([^\]]+)\](?::\d+)?)$/;
const ZONE = /%.*$/;

declare global {
  namespace Express {
    interface Request {
      /** What `originOf` has found. */
      requestOrigin?: RequestOrigin;
    }
  }
}

/** Where a request comes from, as far as it is known. The address is the client's according to TRUST_PROXY. */
export function originOf(req: Request): RequestOrigin {
  req.requestOrigin ??= readOrigin(req);
  return req.requestOrigin;
}

function readOrigin(req: Request): RequestOrigin {
  return {
    userAgent: userAgentOf(req),
    ip: addressOf(req.ip),
    network: networkOf(req.ip),
    language: req.get('Accept-Language')?.slice(0, MAX_LANGUAGE_LENGTH) ?? null,
    requestId: req.res === undefined ? null : requestIdOf(req.res),
    clientRequestId: clientRequestIdOf(req) ?? null,
  };
}

/** The address itself, in the one way to write it: an IPv4 address in IPv6 as the former. Null where it is none. */
export function addressOf(forwarded: string | undefined): string | null {
  return parseAddress(forwarded)?.toString() ?? null;
}

/** An IPv4 address as it is, an IPv6 address as its /64, an IPv4 address in IPv6 as the former. */
export function networkOf(forwarded: string | undefined): string {
  const address = parseAddress(forwarded);
  if (address === undefined) return 'unknown';
  if (address instanceof ipaddr.IPv4) return address.toString();
  const parts = address.parts.slice(0, IPV6_NETWORK_PARTS).map((part) => part.toString(16));
  return `${parts.join(':')}::/64`;
}

function parseAddress(forwarded: string | undefined): ipaddr.IPv4 | ipaddr.IPv6 | undefined {
  const bare = forwarded?.replace(PORT, '$1$2').replace(ZONE, '') ?? '';
  // The library would also take 127.1 and 0x7f000001.
  return isIP(bare) === 0 ? undefined : ipaddr.process(bare);
}

/** Has Express recognize a proxy whose address comes with a port or a zone. */
export function trustProxies(app: App, trustProxy: number | readonly string[]): void {
  app.set('trust proxy', typeof trustProxy === 'number' ? trustProxy : [...trustProxy]);
  // A number counts the proxies, whatever their addresses are.
  if (typeof trustProxy === 'number') return;
  const trusts: (address: string, hop: number) => boolean = app.get('trust proxy fn');
  app.set('trust proxy', (address: string, hop: number) => trusts(addressOf(address) ?? address, hop));
}

/** Node reads headers as ISO 8859-1, whatever their bytes are. */
function userAgentOf(req: Request): string | null {
  const sent = req.get('User-Agent');
  if (sent === undefined) return null;
  const bytes = Buffer.from(sent, 'latin1');
  const text = withoutControls(isUtf8(bytes) ? bytes.toString() : sent);
  // Not cut within a surrogate pair.
  return text.slice(0, MAX_USER_AGENT_LENGTH).replace(/[\ud800-\udbff]$/, '');
}
