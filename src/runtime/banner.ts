import { randomInt } from 'node:crypto';
import type { Config } from '../config/config.ts';

/** Where examples/spa looks for the service. */
const SPA_DEFAULT = 'http://localhost:3000';

interface Offered {
  readonly pages: boolean;
  readonly signUp: boolean;
  /** Messages, in the outbox. */
  readonly messages: boolean;
  /** Whether it listens. */
  readonly demoProvider: boolean;
}

/** The greeting of `npm start`: where the service is and what there is to look at, and a line to paste. */
export function welcome(url: string, { pages, signUp, messages, demoProvider }: Offered): string {
  const email = `ada${randomInt(1_000, 10_000)}@example.com`;
  const body = JSON.stringify({ email, password: 'correct horse battery staple' });
  const lines = [
    `Latchkey   ${url}`,
    ...(pages ? [`Sign in    ${url}/sign-in`] : []),
    `API docs   ${url}/docs`,
    ...(messages ? [`Messages   ${url}/dev/outbox`] : []),
    ...(demoProvider ? [`Provider   ${url}/login/demo?return_to=${encodeURIComponent(`${url}/`)}`] : []),
    `Example    ${url === SPA_DEFAULT ? '' : `VITE_LATCHKEY_URL=${url} `}npm run spa, in a second terminal: an app at http://localhost:5173`,
    'Browsers   pages at localhost, on any port, may call it; CORS_ORIGINS lets others',
  ];
  const signup = `
  Create an account:
  curl -s ${url}/signup -H 'Content-Type: application/json' -d '${body}'
`;
  return `
${lines.map((line) => `  ${line}`).join('\n')}
${signUp ? signup : ''}
`;
}

/** What the greeting shows of a configuration. */
export function offered(config: Config): Omit<Offered, 'demoProvider'> {
  const { pages, signupDisabled } = config;
  return {
    pages: pages.enabled,
    signUp: !signupDisabled,
    messages: keepsMessages(config),
  };
}

/** Whether what would be sent by mail or by SMS stays in the outbox, for want of something that sends it. */
function keepsMessages({ messages: { devOutbox, smtp, twilio, webhook } }: Config): boolean {
  return devOutbox && (smtp === undefined || (twilio === undefined && webhook === undefined));
}

/** What the first line of the log names: what starts, on which database, and under which addresses. Never a secret. */
export function startupFacts(config: Config, version: string): Record<string, unknown> {
  const { environment, http, metrics, processes } = config;
  return {
    version,
    node: process.version,
    environment,
    database: placeOf(config.database.location),
    address: http.host,
    port: http.port,
    public_url: http.publicUrl,
    ...(metrics.port !== undefined && { metrics_address: metrics.host, metrics_port: metrics.port }),
    ...(processes > 1 && { processes }),
  };
}

function placeOf(location: Config['database']['location']) {
  if (location.dialect === 'sqlite') return { dialect: location.dialect, file: location.storage };
  const { dialect, host, port, database } = location;
  return { dialect, host, port, name: database };
}
