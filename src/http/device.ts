import type { Request } from 'express';

const MAX_USER_AGENT_LENGTH = 512;
const MAX_IP_LENGTH = 45;

/** Where a request comes from, as far as it tells. The address is the client's as TRUST_PROXY has it. */
export function deviceOf(req: Request): { userAgent: string | null; ip: string | null } {
  return {
    userAgent: req.get('User-Agent')?.slice(0, MAX_USER_AGENT_LENGTH) ?? null,
    ip: req.ip?.slice(0, MAX_IP_LENGTH) ?? null,
  };
}
