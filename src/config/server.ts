import { bearerToken, host, integer, oneOf, origins, publicUrl, trustProxy } from './values.ts';
import { variable } from './variable.ts';

/** How the service is reached, how it logs and what it shows. */
export const SERVER_VARIABLES = {
  NODE_ENV: variable({
    type: oneOf('development', 'test', 'production'),
    default: 'development',
    meaning: 'production refuses weak secrets and defaults that only suit a laptop',
  }),
  HOST: variable({
    type: host,
    shown: '127.0.0.1',
    meaning: 'Address to listen on; 0.0.0.0 in production',
  }),
  PORT: variable({
    type: integer(0, 65_535),
    default: '3000',
    meaning: 'Port to listen on; 0 takes a free one, PUBLIC_URL then has to be set',
  }),
  PUBLIC_URL: variable({
    type: publicUrl,
    shown: 'http://localhost:3000',
    meaning: 'URL under which clients reach the service; required in production',
  }),
  TRUST_PROXY: variable({
    type: trustProxy,
    default: '0',
    meaning: 'Number of proxies in front, or a list of their addresses (CIDR allowed)',
  }),
  CORS_ORIGINS: variable({
    type: origins,
    default: '',
    meaning:
      'Comma-separated origins whose pages may call this service; outside production pages at localhost may as well',
  }),
  KEEP_ALIVE_TIMEOUT_SECONDS: variable({
    type: integer(1, 3600, 'seconds'),
    default: '65',
    meaning: 'Seconds until an idle connection is closed; longer than the balancer in front keeps it',
  }),
  DOCS: variable({
    type: oneOf('on', 'off'),
    default: 'on',
    meaning: 'off closes the pages at /, /docs and /docs/errors; /openapi.json stays',
  }),
  LOG_LEVEL: variable({
    type: oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'),
    default: 'info',
    meaning: 'Least severe log line that is written: trace, debug, info, warn, error, fatal or silent',
  }),
  WEB_CONCURRENCY: variable({
    type: integer(1, 64),
    default: '1',
    meaning: 'Processes that share the port; REDIS_URL makes them share the limits',
  }),
  SHUTDOWN_DELAY_SECONDS: variable({
    type: integer(0, 300, 'seconds'),
    meaning: 'How long a stopping process goes on while /readyz is 503; 5 in production, else 0',
  }),
  METRICS_PORT: variable({
    type: integer(1, 65_535),
    meaning: 'Port for GET /metrics, apart from the public one; listens on METRICS_HOST',
  }),
  METRICS_HOST: variable({
    type: host,
    default: '127.0.0.1',
    meaning: 'Address for METRICS_PORT',
  }),
  METRICS_TOKEN: variable({
    type: bearerToken,
    meaning: 'Bearer token of at least 16 characters for GET /metrics on the public port',
    secret: true,
  }),
};
