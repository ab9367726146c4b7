import { describe, expect, it } from '@jest/globals';
import { createClient, LatchkeyError } from '../../client/src/index.ts';
import { useApp } from '../support/app.ts';
import { aPerson } from '../support/people.ts';

const LIFETIME_SECONDS = 900;

describe('A client behind a proxy that answers by itself', () => {
  const app = useApp('SQLite');

  /** A client somebody is signed in with, and what has the next request for a path answered by a proxy. */
  async function signedInClient() {
    const answers = new Map<string, Response>();
    const client = createClient({
      url: app.url,
      transport: 'token',
      async fetch(input, init) {
        const { pathname } = new URL(String(input));
        const answer = answers.get(pathname);
        answers.delete(pathname);
        return answer ?? fetch(input, init);
      },
    });
    await client.signUp(aPerson());
    return { client, answerNext: (path: string, answer: Response) => void answers.set(path, answer) };
  }

  it.each([
    ['a page', '<h1>Authorization Required</h1>'],
    ['JSON of another form', '{"errors":[{"message":"Unauthorized"}]}'],
  ])('is not signed out by a 401 that is not of Latchkey: %s', async (_title, body) => {
    const { client, answerNext } = await signedInClient();
    app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
    answerNext('/refresh', new Response(body, { status: 401 }));

    await expect(client.user()).rejects.toMatchObject({
      name: 'LatchkeyError',
      status: 401,
      code: 'unknown',
    });

    expect(client.session).toMatchObject({ status: 'signed-in' });
    expect(await client.user()).toMatchObject({ email: client.session.user?.email });
    client.close();
  });

  it.each(['null', '"no"', '[]', '{"errors":{"email":["is taken"]}}', '{"errors":[null, {"code":1015}]}'])(
    'throws a LatchkeyError of the status where the body is %s',
    async (body) => {
      const { client, answerNext } = await signedInClient();
      answerNext('/me', new Response(body, { status: 502 }));

      const error = await client.user().catch((error) => error);

      expect(error).toBeInstanceOf(LatchkeyError);
      expect(error).toMatchObject({ status: 502, code: 'unknown', fields: {} });
      client.close();
    },
  );

  it('repeats no change whose body has been read as it was sent', async () => {
    const { client, answerNext } = await signedInClient();
    answerNext('/me', new Response('{"code":"token_expired"}', { status: 401 }));
    async function* body() {
      yield new TextEncoder().encode('{"name":"Ada"}');
    }
    const init = { method: 'PATCH', body: body(), duplex: 'half' } as unknown as RequestInit;

    expect((await client.fetch(`${app.url}/me`, init)).status).toBe(401);
    client.close();
  });
});
