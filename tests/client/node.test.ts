import { afterEach, describe, expect, it } from '@jest/globals';
import { type Client, type ClientEvent, type ClientOptions, createClient } from '../../client/src/index.ts';
import { useApp } from '../support/app.ts';
import { signUpWithTotp, totpOf } from '../support/factors.ts';
import { aPerson } from '../support/people.ts';

const LIFETIME_SECONDS = 900;

describe('A client in Node, where there are no documents, locks and tabs', () => {
  const app = useApp('SQLite');
  const clients: Client[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  /** A client, what it has asked, and what it has told. */
  function aClient(options: Partial<ClientOptions> = {}) {
    const requests: { readonly path: string; readonly authorization: string | null }[] = [];
    const events: ClientEvent[] = [];
    const client = createClient({
      url: app.url,
      transport: 'token',
      fetch(input, init) {
        const request = new Request(input, init);
        const authorization = request.headers.get('authorization');
        requests.push({ path: new URL(request.url).pathname, authorization });
        return fetch(request);
      },
      onEvent: (event) => events.push(event),
      ...options,
    });
    clients.push(client);
    return { client, requests, events };
  }

  const statusOf = async (client: Client) => (await client.fetch(`${app.url}/me`)).status;

  it('signs in by a password, renews once for all that waits, and signs out, by the fetch that it was given', async () => {
    const person = aPerson();
    const { client, requests, events } = aClient();
    await client.signUp(person);
    await client.signOut();
    expect(client.session).toEqual({ status: 'signed-out', user: null, reason: 'signed_out' });
    expect(await client.signIn(person)).toMatchObject({ status: 'signed-in', user: { email: person.email } });
    app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
    requests.splice(0);

    expect(await Promise.all(Array.from({ length: 20 }, () => statusOf(client)))).toEqual(
      Array(20).fill(200),
    );

    expect(requests.filter(({ path }) => path === '/refresh')).toHaveLength(1);
    await client.signOut();
    expect(await statusOf(client)).toBe(401);
    const types = events.map(({ type }) => type);
    expect(types).toEqual(['signed-in', 'signed-out', 'signed-in', 'renewed', 'signed-out']);
  });

  it('shares nothing with another one of the same process', async () => {
    const [first, second] = [aClient(), aClient()];
    await first.client.signUp(aPerson());
    await second.client.ready();
    expect(second.client.session).toMatchObject({ status: 'signed-out' });

    await second.client.signUp(aPerson());
    await second.client.signOut();

    expect(first.client.session).toMatchObject({ status: 'signed-in' });
    expect(await statusOf(first.client)).toBe(200);
    expect(await statusOf(second.client)).toBe(401);
  });

  it('leaves a sign-in whose challenge is over, so that it can begin anew', async () => {
    const { totp, email, password } = await signUpWithTotp(app);
    const person = { email, password };
    const { client } = aClient();
    expect(await client.signIn(person)).toMatchObject({ status: 'challenge' });
    expect(client.session.status).toBe('challenge');
    const late = totpOf(app, totp);
    app.clock.advanceSeconds(301);

    await expect(client.signIn({ factor: 'totp', code: late.code })).rejects.toMatchObject({
      code: 'challenge_expired',
    });

    expect(client.session).toEqual({ status: 'signed-out', user: null });
    await client.signIn(person);
    await client.signIn({ factor: 'totp', code: totpOf(app, totp).code });
    expect(client.session).toMatchObject({ status: 'signed-in', user: { email } });
  });

  it('keeps a session in a storage that answers later, as that of React Native does', async () => {
    const kept = new Map<string, string>();
    const later = () => new Promise((resolve) => setImmediate(resolve));
    const storage = {
      async getItem(key: string) {
        await later();
        return kept.get(key) ?? null;
      },
      async setItem(key: string, value: string) {
        await later();
        kept.set(key, value);
      },
      async removeItem(key: string) {
        await later();
        kept.delete(key);
      },
    };
    const person = aPerson();
    const before = aClient({ storage });
    await before.client.signUp(person);
    app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
    expect(await statusOf(before.client)).toBe(200);
    before.client.close();

    const { client } = aClient({ storage });
    expect(client.session).toEqual({ status: 'loading', user: null });
    await client.ready();

    expect(client.session).toMatchObject({ status: 'signed-in', user: { email: person.email } });
    expect(await statusOf(client)).toBe(200);
    await client.signOut();
    await later();
    const { client: after } = aClient({ storage });
    await after.ready();
    expect(after.session).toMatchObject({ status: 'signed-out', reason: 'signed_out' });
  });

  it('goes on after it is closed', async () => {
    const { client } = aClient();
    await client.signUp(aPerson());
    client.close();
    app.clock.advanceSeconds(LIFETIME_SECONDS + 10);

    expect(await statusOf(client)).toBe(200);
  });

  describe('sends a change whose token has expired', () => {
    const JSON_TYPE = { 'Content-Type': 'application/json' };
    const body = '{"name":"Ada"}';
    const streamed = () => ({ body: new Blob([body]).stream(), duplex: 'half' }) as RequestInit;

    it.each<[string, times: number, status: number, init: () => RequestInit | Request]>([
      ['twice where its body is a string', 2, 200, () => ({ body })],
      ['twice where its body is bytes', 2, 200, () => ({ body: new TextEncoder().encode(body) })],
      ['once where its body is a stream', 1, 401, streamed],
      [
        'once where it is a Request',
        1,
        401,
        () => new Request(`${app.url}/me`, { method: 'PATCH', body, headers: JSON_TYPE }),
      ],
    ])('%s', async (_title, times, status, init) => {
      const { client, requests } = aClient();
      await client.signUp(aPerson());
      app.clock.advanceSeconds(LIFETIME_SECONDS + 10);
      requests.splice(0);

      const given = init();
      const response = await (given instanceof Request
        ? client.fetch(given)
        : client.fetch(`${app.url}/me`, { method: 'PATCH', headers: JSON_TYPE, ...given }));

      expect(response.status).toBe(status);
      expect(requests.filter(({ path }) => path === '/me')).toHaveLength(times);
      // The next one has another token.
      expect(await statusOf(client)).toBe(200);
    });
  });

  it('leaves alone a request that brings an Authorization header of its own', async () => {
    const { client, requests } = aClient();
    await client.signUp(aPerson());
    const headers = { Authorization: 'Bearer of-another' };

    expect((await client.fetch(`${app.url}/me`, { headers })).status).toBe(401);

    expect(requests.at(-1)).toEqual({ path: '/me', authorization: 'Bearer of-another' });
    expect(client.session).toMatchObject({ status: 'signed-in' });
  });
});
