import type { Request } from 'express';
import ipaddr from 'ipaddr.js';
import type { RequestOrigin } from '../core/principal.ts';
import { clientRequestIdOf, requestIdOf } from './request-id.ts';

const MAX_USER_AGENT_LENGTH = 512;
const MAX_IP_LENGTH = 45;
/** The least that a customer of a provider gets (RFC 6177), and may change addresses in at will. */
const IPV6_NETWORK_PARTS = 4;

/** Some gateways write a port after the address that they forward, and brackets around it. */
const PORT = /^(?:([\d.]+):\d+|\[([\da-fA-F:.]+)\](?::\d+)?)$/;

/** Where a request comes from, as far as it is known. The address is the client's according to TRUST_PROXY. */
export function originOf(req: Request): RequestOrigin {
  return {
    userAgent: req.get('User-Agent')?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
    ip: req.ip?.slice(0, MAX_IP_LENGTH) ?? null,
    network: networkOf(req.ip),
    requestId: req.res === undefined ? null : requestIdOf(req.res),
    clientRequestId: clientRequestIdOf(req) ?? null,
  };
}

/** An IPv4 address as it is, an IPv6 address as its /64, an IPv4 address in IPv6 as the former. */
export function networkOf(ip: string | undefined): string {
  const bare = ip?.replace(PORT, '$1$2') ?? '';
  if (!ipaddr.isValid(bare)) return 'unknown';
  const address = ipaddr.process(bare);
  if (address instanceof ipaddr.IPv4) return address.toString();
  const parts = address.parts.slice(0, IPV6_NETWORK_PARTS).map((part) => part.toString(16));
  return `${parts.join(':')}::/64`;
}
