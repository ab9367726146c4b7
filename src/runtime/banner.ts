import { randomInt } from 'node:crypto';

/** The greeting of `npm start`: where the service is, where its docs are, and a line to paste. */
export function welcome(url: string, signupDisabled: boolean): string {
  const email = `ada${randomInt(1_000, 10_000)}@example.com`;
  const body = JSON.stringify({ email, password: 'correct horse battery staple' });
  const signup = `
  Create an account:
  curl -s ${url}/signup -H 'Content-Type: application/json' -d '${body}'
`;
  return `
  Latchkey   ${url}
  API docs   ${url}/docs
  Browsers   pages at localhost, on any port, may call it; CORS_ORIGINS lets others
${signupDisabled ? '' : signup}
`;
}
