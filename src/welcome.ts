import { randomInt } from 'node:crypto';

/** What a newcomer reads after `npm start`: where the service is, where its docs are, and a line to paste. */
export function welcome(url: string): string {
  const email = `ada${randomInt(1_000, 10_000)}@example.com`;
  const body = JSON.stringify({ email, password: 'correct horse battery staple' });
  return `
  Latchkey   ${url}
  API docs   ${url}/docs

  Sign up the first person:
  curl -X POST ${url}/signup -H 'Content-Type: application/json' -d '${body}'

`;
}
