import { randomInt } from 'node:crypto';
import type { Config } from '../config/config.ts';

/** The greeting of `npm start`: where the service is, where its docs and its messages are, and a line to paste. */
export function welcome(url: string, signupDisabled: boolean, messagesStay: boolean): string {
  const email = `ada${randomInt(1_000, 10_000)}@example.com`;
  const body = JSON.stringify({ email, password: 'correct horse battery staple' });
  const signup = `
  Create an account:
  curl -s ${url}/signup -H 'Content-Type: application/json' -d '${body}'
`;
  return `
  Latchkey   ${url}
  API docs   ${url}/docs${messagesStay ? `\n  Messages   ${url}/dev/outbox` : ''}
  Browsers   pages at localhost, on any port, may call it; CORS_ORIGINS lets others
${signupDisabled ? '' : signup}
`;
}

/** Whether what would be sent by mail or by SMS stays in the outbox, for want of something that sends it. */
export function keepsMessages({ messages: { devOutbox, smtp, twilio, webhook } }: Config): boolean {
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
