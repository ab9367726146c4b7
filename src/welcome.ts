import { randomInt } from 'node:crypto';

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
