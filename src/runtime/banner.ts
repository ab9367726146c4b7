import { randomInt } from 'node:crypto';
import type { Config } from '../config/config.ts';

/** What a newcomer reads after `npm start`: where the service is, where its docs are, and a line to paste. */
export function welcome(url: string, signupDisabled: boolean): string {
  const email = `ada${randomInt(1_000, 10_000)}@example.com`;
  const body = JSON.stringify({ email, password: 'correct horse battery staple' });
  const signup = `
  Sign somebody up:
  curl -s ${url}/signup -H 'Content-Type: application/json' -d '${body}'
`;
  return `
  Latchkey   ${url}
  API docs   ${url}/docs
${signupDisabled ? '' : signup}
`;
}

/** What works, but not as an operator may think. */
export function warnings({ environment, limits, processes, redisUrl }: Config): string[] {
  const found: string[] = [];
  if (!limits.enabled && environment === 'production') {
    found.push('RATE_LIMITS=off: anybody may guess passwords as fast as they are checked');
  }
  if (limits.enabled && processes > 1 && redisUrl === undefined) {
    found.push(`REDIS_URL is not set: each of the ${processes} processes counts requests for itself`);
  }
  return found;
}
