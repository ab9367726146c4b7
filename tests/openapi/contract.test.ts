import { describe, expect, it } from '@jest/globals';
import type { Response, Test } from 'supertest';
import { describeService } from '../../src/app.ts';
import { type ApiDocument, createContract } from '../support/contract.ts';

/** What the check says of an answer. */
async function violationsOf(path: string, status: number, type: string, body: object): Promise<string[]> {
  const { plugin, violations } = createContract((await describeService()) as unknown as ApiDocument);
  const answered = { status, type, body, text: JSON.stringify(body) } as Response;
  plugin({
    method: 'GET',
    url: `http://localhost${path}`,
    on: (_event: string, respond: (response: Response) => void) => respond(answered),
  } as unknown as Test);
  return violations;
}

const USER = {
  id: '01a1f739-6923-7248-88fc-19260e07eec4',
  email: 'grace@example.com',
  phone: null,
  username: null,
  name: null,
  language: null,
  email_verified: false,
  created_at: '2026-11-20T04:31:37.251Z',
  updated_at: '2026-11-20T04:31:37.251Z',
  roles: ['user'],
  scope: '',
  has_password: true,
  last_sign_in_at: null,
};

const PROBLEM = {
  type: 'https://auth.example.com/docs/errors#token_missing',
  title: 'title',
  status: 401,
  detail: 'detail',
  instance: 'urn:latchkey:request:1',
  code: 'token_missing',
};

describe('The check that every answer of a test keeps the OpenAPI document', () => {
  it('takes an answer and a refusal as the document describes them', async () => {
    expect(await violationsOf('/me', 200, 'application/json', { user: USER })).toEqual([]);
    expect(await violationsOf('/me', 401, 'application/problem+json', PROBLEM)).toEqual([]);
  });

  it.each<[where: string, status: number, type: string, body: object]>([
    ['in an answer', 200, 'application/json', { user: USER, more: 1 }],
    ['within an answer', 200, 'application/json', { user: { ...USER, password_hash: 'x' } }],
    ['in a refusal', 401, 'application/problem+json', { ...PROBLEM, cause: 'x' }],
  ])(
    'notices a member that is not documented %s, though clients have to take it',
    async (_where, status, type, body) => {
      expect(await violationsOf('/me', status, type, body)).toEqual([
        expect.stringContaining('must NOT have additional properties'),
      ]);
    },
  );

  it('notices a status that is not documented', async () => {
    expect(await violationsOf('/me', 418, 'application/json', {})).toEqual([
      'get /me -> 418 is not documented',
    ]);
  });
});
