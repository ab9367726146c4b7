import { z } from 'zod';
import { integer, origins, publicUrl, trustProxy } from './values.ts';
import type { Variable } from './variable.ts';

/** How the service is reached, how it logs and what it shows. */
export const SERVER_VARIABLES = {
  NODE_ENV: {
    schema: z.enum(['development', 'test', 'production']).default('development'),
    wants: 'development, test or production',
    default: 'development',
    meaning: 'production refuses weak secrets and defaults that only suit a laptop',
  },
  HOST: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/)
      .optional(),
    wants: 'an address or a host name to listen on',
    default: '127.0.0.1',
    meaning: 'Address to listen on; 0.0.0.0 in production',
  },
  PORT: {
    schema: integer(0, 65_535).default(3000),
    wants: 'a whole number from 0 to 65535',
    default: '3000',
    meaning: 'Port to listen on; 0 takes a free one, PUBLIC_URL then has to be set',
  },
  PUBLIC_URL: {
    schema: publicUrl.optional(),
    wants: 'the http(s) URL under which clients reach the service, without query or user',
    default: 'http://localhost:3000',
    meaning: 'URL under which clients reach the service; required in production',
  },
  TRUST_PROXY: {
    schema: trustProxy.default(0),
    wants:
      'the number of proxies in front (0 to 99) or a comma-separated list of their addresses, never true',
    default: '0',
    meaning: 'Number of proxies in front, or a list of their addresses (CIDR allowed)',
  },
  CORS_ORIGINS: {
    schema: origins.default([]),
    wants: 'a comma-separated list of exact origins such as https://app.example.com, never *',
    default: '',
    meaning: 'Comma-separated origins whose pages may call this service; none by default',
  },
  LOG_LEVEL: {
    schema: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
    wants: 'fatal, error, warn, info, debug, trace or silent',
    default: 'info',
    meaning: 'Least severe log line that is written: trace, debug, info, warn, error, fatal or silent',
  },
  WEB_CONCURRENCY: {
    schema: integer(1, 64).default(1),
    wants: 'a whole number from 1 to 64',
    default: '1',
    meaning: 'Processes that share the port; REDIS_URL makes them share the limits',
  },
  SHUTDOWN_DELAY_SECONDS: {
    schema: integer(0, 300).optional(),
    wants: 'a whole number of seconds from 0 to 300',
    default: '',
    meaning: 'How long a stopping process goes on while /readyz is 503; 5 in production, else 0',
  },
  METRICS_PORT: {
    schema: integer(1, 65_535).optional(),
    wants: 'a whole number from 1 to 65535',
    default: '',
    meaning: 'Port for GET /metrics, apart from the public one; listens on METRICS_HOST',
  },
  METRICS_HOST: {
    schema: z
      .string()
      .regex(/^[A-Za-z0-9.:-]+$/)
      .default('127.0.0.1'),
    wants: 'an address or a host name to listen on',
    default: '127.0.0.1',
    meaning: 'Address for METRICS_PORT',
  },
  METRICS_TOKEN: {
    schema: z
      .string()
      .min(16)
      .regex(/^[A-Za-z0-9\-._~+/]+=*$/)
      .optional(),
    wants: 'at least 16 characters of A-Z a-z 0-9 - . _ ~ + / and = at the end',
    default: '',
    meaning: 'Bearer token of at least 16 characters for GET /metrics on the public port',
    secret: true,
  },
} as const satisfies Record<string, Variable>;
