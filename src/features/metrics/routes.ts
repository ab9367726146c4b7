import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import type { Access } from '../../http/access.ts';
import { routesWith } from '../../http/route.ts';
import type { Scrape } from './processes.ts';

const TEXT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface MetricsServices {
  readonly scrape: Scrape;
  /** Undefined where any client that reaches the port may read. */
  readonly token: string | undefined;
}

const route = routesWith<MetricsServices>();

/** For the operators of the service: no part of the API. */
export const metricsRoutes = [
  route({
    id: 'metrics',
    method: 'GET',
    path: '/metrics',
    access: metricsToken(),
    answers: { 200: { description: 'Text for Prometheus', schema: z.string(), mediaType: TEXT_TYPE } },
    async handle(_input, { scrape }) {
      return { status: 200 as const, content: { mediaType: TEXT_TYPE, bytes: await scrape() } };
    },
  }),
];

function metricsToken(): Access<undefined, MetricsServices> {
  return {
    kind: 'own',
    schemes: ['bearer'],
    refuses: ['token_missing', 'token_invalid'],
    authenticate({ bearerToken }, { token }) {
      const given = bearerToken();
      if (token === undefined || isEqual(given ?? '', token)) return undefined;
      const code = given === undefined ? 'token_missing' : 'token_invalid';
      throw new AppError(code, 'Send METRICS_TOKEN as the bearer token.');
    },
  };
}

/** Hashed first, since only equal lengths can be compared in constant time. */
function isEqual(one: string, other: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(one), hash(other));
}
