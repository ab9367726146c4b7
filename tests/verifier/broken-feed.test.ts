import type { IncomingMessage, ServerResponse } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import type { RevocationsOptions, VerifierOptions } from '@latchkey/verifier';
import { eventually } from '../support/several-processes.ts';
import { aSecretKey, codeOf, sign, useHttpServers, useVerifiers } from '../support/verifiers.ts';

const SECRET = 'a-secret-of-the-test-suite-that-signs-nothing-else';
const EXPIRES_AT = new Date(Date.now() + 86_400_000).toISOString();
const PAGE = { events: [], cursor: 'c', more: false, lag_milliseconds: 0, now: new Date().toISOString() };

/** A feed that is not what it should be: each answer is what the test says. */
describe('A verifier whose feed', () => {
  const verifierWith = useVerifiers();
  const serve = useHttpServers();
  const token = sign(aSecretKey(SECRET));
  type Answer = (req: IncomingMessage, res: ServerResponse) => void;

  const json = (status: number, body: unknown, headers: Record<string, string> = {}): Answer => {
    return (_req, res) => {
      res.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body));
    };
  };
  const page = (members: object = {}) => json(200, { ...PAGE, ...members });

  /** Answers the first requests as the list says, and each one after that like the last; so for tokens. */
  async function follow(
    answers: Answer[],
    options: Partial<RevocationsOptions> & Pick<VerifierOptions, 'onError'> = {},
    tokens: Answer[] = [json(200, { access_token: 't', expires_in: 900 })],
  ) {
    const { onError = () => {}, ...revocations } = options;
    const asked: string[] = [];
    let tokensGiven = 0;
    const url = await serve((req, res) => {
      if (req.url === '/oauth/token') tokens[Math.min(tokensGiven++, tokens.length - 1)]?.(req, res);
      else {
        const answer = answers[Math.min(asked.length, answers.length - 1)];
        asked.push(new URL(req.url ?? '', 'http://x').searchParams.get('after') ?? '');
        // As a service that waits, so that the verifier does not ask in a loop.
        setTimeout(() => answer?.(req, res), 20);
      }
    });
    const verifier = verifierWith({
      secret: SECRET,
      onError,
      revocations: {
        url: `${url}/revocations`,
        clientId: 'id',
        clientSecret: 'secret',
        maxLagSeconds: 2,
        ...revocations,
      },
    });
    return { verifier, asked };
  }

  it.each<[what: string, body: unknown]>([
    ['nothing', null],
    ['a text', 'events'],
    ['no cursor', { ...PAGE, cursor: undefined }],
    ['no word of whether that is all', { ...PAGE, more: undefined }],
    ['no list', { ...PAGE, events: {} }],
    ['no event', { ...PAGE, events: [null] }],
    ['an event without an id', { ...PAGE, events: [{ kind: 'session', expires_at: EXPIRES_AT }] }],
    ['an event without an end', { ...PAGE, events: [{ kind: 'session', id: 'x' }] }],
    ['a user without a time', { ...PAGE, events: [{ kind: 'user', id: 'x', expires_at: EXPIRES_AT }] }],
    [
      'a time that is none',
      { ...PAGE, events: [{ kind: 'user', id: 'x', not_before: 'soon', expires_at: EXPIRES_AT }] },
    ],
    ['an age below zero', { ...PAGE, lag_milliseconds: -1e9 }],
    ['no age', { ...PAGE, lag_milliseconds: undefined }],
    ['no time', { ...PAGE, now: 'now' }],
  ])('answers with %s, believes none of it and says so', async (_what, body) => {
    const errors: string[] = [];
    const { verifier, asked } = await follow([json(200, body)], {
      onError: ({ message }) => errors.push(message),
    });

    await eventually(
      () => asked.length,
      (count) => count > 1,
    );

    expect(errors).toEqual([expect.stringContaining('an invalid page')]);
    expect(await codeOf(() => verifier.verify(token))).toBe('revocations_stale');
  });

  it('tells of an unknown kind, goes on', async () => {
    const { verifier } = await follow([
      page({ events: [{ kind: 'planet', id: 'x', expires_at: EXPIRES_AT }] }),
    ]);

    await verifier.ready();

    expect(await codeOf(() => verifier.verify(token))).toBeUndefined();
  });

  it.each([400, 410])('answers %d to its cursor, begins anew without one', async (status) => {
    const { verifier, asked } = await follow([page(), json(status, {}), page()]);

    await verifier.ready();
    await eventually(
      () => asked.length,
      (count) => count > 2,
    );

    expect(asked.slice(0, 3)).toEqual(['', 'c', '']);
  });

  it('needs another token and is refused one, keeps its cursor', async () => {
    const token = json(200, { access_token: 't', expires_in: 900 });
    const refused = json(400, { error: 'invalid_scope' });
    const { asked } = await follow([page(), json(401, {}), page()], {}, [token, refused, token]);
    await eventually(
      () => asked.length,
      (count) => count > 1,
    );

    await new Promise((resolve) => setTimeout(resolve, 1_000));

    expect(asked.slice(1)).not.toContain('');
  });

  it('is answered late, is no fresher than when it was asked', async () => {
    // The answer stays under way for longer than anything may be old.
    const late: Answer = (req, res) => void setTimeout(() => page()(req, res), 2_100);
    const { verifier, asked } = await follow([page(), late, page()]);
    await verifier.ready();

    await eventually(
      () => asked.length,
      (count) => count > 1,
    );
    await eventually(
      () => verifier.revocations?.isStale,
      (isStale) => isStale === true,
    );

    await eventually(
      () => asked.length,
      (count) => count > 2,
    );
    expect(verifier.revocations?.lagMilliseconds).toBeGreaterThan(0);
  });

  it('says for how long it waited, is as fresh as its answer', async () => {
    const waited: Answer = (req, res) =>
      void setTimeout(() => json(200, PAGE, { 'Server-Timing': 'wait;dur=1000' })(req, res), 1_000);
    const begunAt = performance.now();
    const { verifier, asked } = await follow([page(), waited, () => {}]);
    await verifier.ready();
    await eventually(
      () => asked.length,
      (count) => count > 2,
    );

    // The request was sent after `begunAt`, and the time that the feed held it does not count.
    const lag = Number(verifier.revocations?.lagMilliseconds);
    expect(lag).toBeLessThanOrEqual(performance.now() - begunAt - 1_000);
  });

  it('refuses for good, asks seldom, since each try is an entry in an audit log', async () => {
    const { verifier, asked } = await follow([json(403, { code: 'insufficient_scope', detail: 'No.' })]);

    await expect(verifier.ready()).rejects.toThrow(/answered 403, insufficient_scope: No\./);
    await new Promise((resolve) => setTimeout(resolve, 1_000));

    expect(asked.length).toBeLessThan(4);
  });

  it('wants to be asked later, is asked later', async () => {
    const { asked } = await follow([json(429, {}, { 'Retry-After': '60' })]);
    await eventually(
      () => asked.length,
      (count) => count > 0,
    );

    await new Promise((resolve) => setTimeout(resolve, 1_000));

    expect(asked).toHaveLength(1);
  });

  it('fails in one way for a long time, says so once', async () => {
    const errors: string[] = [];
    let number = 0;
    const failing: Answer = (req, res) => json(503, { code: 'busy', detail: `Try ${number++}.` })(req, res);
    const { asked } = await follow([failing], { onError: ({ message }) => errors.push(message) });

    await eventually(
      () => asked.length,
      (count) => count > 2,
    );

    expect(errors).toEqual([expect.stringContaining('answered 503, busy: Try 0.')]);
  });

  it('fails, goes on though the callback that is told of it throws', async () => {
    const { verifier } = await follow([json(503, {}), page()], {
      onError: () => {
        throw new Error('thrown by onError');
      },
    });
    verifier.revocations?.onStale(() => {
      throw new Error('thrown by a listener');
    });

    await verifier.ready();

    expect(await codeOf(() => verifier.verify(token))).toBeUndefined();
  });

  it('is itself stale, is not ready', async () => {
    const { verifier, asked } = await follow([page({ lag_milliseconds: 5_000 }), page()]);

    await verifier.ready();

    expect(asked.length).toBeGreaterThan(1);
    expect(verifier.revocations?.isStale).toBe(false);
  });

  it('was closed, is not ready any more', async () => {
    const { verifier } = await follow([() => {}]);
    await verifier.close();

    expect(await codeOf(() => verifier.ready())).toBe('Error: the verifier was closed');
  });
});
