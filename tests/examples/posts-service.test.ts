import { randomUUID } from 'node:crypto';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import sqlite3 from 'sqlite3';
import type { Response } from 'supertest';
import { readConfig } from '../../examples/posts-service/src/config.ts';
import { useDirectories } from '../support/directories.ts';
import { type Author, PAGE, runPosts, usePostsService } from '../support/posts-service.ts';
import { eventually } from '../support/several-processes.ts';

/** That of no post, behind those of all. */
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

describe('examples/posts-service', () => {
  const newDirectory = useDirectories();
  const { ask, environment, errors, member, authorSince, reauthenticate, logOut } =
    usePostsService(newDirectory);

  async function write(author: Author, title = 'A start'): Promise<string> {
    const { body } = await ask('post', '/posts', author.token).send({ title, text: 'It was…' }).expect(201);
    return body.id;
  }

  async function postsOf(author: Author): Promise<Record<string, unknown>[]> {
    const { body } = await ask('get', '/posts?limit=100', author.token).expect(200);
    return body.posts;
  }

  describe('for a page of another origin', () => {
    const preflight = (origin: string) =>
      ask('options', '/posts')
        .set('Origin', origin)
        .set('Access-Control-Request-Method', 'POST')
        .set('Access-Control-Request-Headers', 'authorization,content-type');

    it('grants the preflight, which carries no token, and lets it read answers and refusals', async () => {
      const { token } = await member('author');

      const { headers: granted } = await preflight(PAGE).expect(204);
      const written = await ask('post', '/posts', token).set('Origin', PAGE).send({ title: 'a', text: 'b' });
      const refused = await ask('post', '/posts').set('Origin', PAGE).send({ title: 'a', text: 'b' });

      expect(granted).toMatchObject({
        'access-control-allow-origin': PAGE,
        'access-control-allow-methods': expect.stringContaining('PATCH'),
        'access-control-allow-headers': expect.stringMatching(/authorization/i),
        vary: expect.stringContaining('Origin'),
      });
      expect([written.status, refused.status]).toEqual([201, 401]);
      for (const { headers } of [written, refused]) {
        expect(headers).toMatchObject({
          'access-control-allow-origin': PAGE,
          vary: expect.stringContaining('Origin'),
        });
      }
    });

    it.each(['https://evil.example', 'null', `${PAGE}.evil.example`])(
      'lets %s read nothing',
      async (origin) => {
        const { headers: refused } = await preflight(origin).expect(204);
        const { headers } = await ask('get', '/healthz').set('Origin', origin).expect(200);

        for (const answer of [refused, headers])
          expect(answer).not.toHaveProperty('access-control-allow-origin');
      },
    );

    it('takes an OPTIONS that is no preflight for any other method', async () => {
      await ask('options', '/posts').set('Origin', PAGE).expect(405);
    });
  });

  describe('for the author of a post', () => {
    it('writes, reads, changes and deletes it', async () => {
      const { token } = await member('author');
      const content = { title: 'A start', text: 'It was a dark\u0000 and stormy night. 🌩' };

      const { body: post, headers } = await ask('post', '/posts', token).send(content).expect(201);
      expect(post).toEqual({
        id: expect.any(String),
        ...content,
        created_at: expect.stringMatching(/^\d{4}-.*Z$/),
        updated_at: post.created_at,
      });
      expect(headers.location).toBe(`/posts/${post.id}`);

      const { body: changed } = await ask('patch', headers.location ?? '', token).send({ title: 'The end' });
      expect(changed).toMatchObject({ ...content, title: 'The end', created_at: post.created_at });
      const { body: read, headers: caching } = await ask('get', `/posts/${post.id.toUpperCase()}`, token);
      expect(read).toEqual(changed);
      expect(caching['cache-control']).toBe('no-store');

      await ask('delete', `/posts/${post.id}`, token).expect(204);
      const { body: gone } = await ask('get', `/posts/${post.id}`, token).expect(404);
      expect(gone.code).toBe('post_not_found');
    });

    it('lists their posts page by page, each of them once and the latest first', async () => {
      const author = await member('author');
      const written: string[] = [];
      for (const title of ['1', '2', '3', '4', '5']) written.push(await write(author, title));

      const seen: string[] = [];
      for (let cursor: string | null = ''; cursor !== null; ) {
        const path: string = `/posts?limit=2${cursor && `&cursor=${cursor}`}`;
        const page: Response = await ask('get', path, author.token).expect(200);
        expect(page.body.posts.length).toBeLessThanOrEqual(2);
        seen.push(...page.body.posts.map(({ id }: { id: string }) => id));
        cursor = page.body.next_cursor;
      }

      expect(seen).toEqual(written.sort().reverse());
    });

    it('deletes it only for who has proved lately who they are, and takes another token for that', async () => {
      const author = await authorSince(400);
      const id = await write(author);

      const { body, headers } = await ask('delete', `/posts/${id}`, author.token).expect(401);

      expect(body.code).toBe('insufficient_user_authentication');
      expect(headers['www-authenticate']).toMatch(
        /^Bearer realm="posts", error="insufficient_user_authentication", .*, max_age="300"$/,
      );
      expect(await postsOf(author)).toMatchObject([{ id }]);
      await ask('delete', `/posts/${id}`, await reauthenticate(author)).expect(204);
    });

    it('deletes a post once, however many ask for it at once', async () => {
      const author = await member('author');
      const id = await write(author);

      const answers = await Promise.all(
        Array.from({ length: 10 }, () => ask('delete', `/posts/${id}`, author.token)),
      );

      expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array(9).fill(404)]);
    });
  });

  describe('for another author', () => {
    it('shows nothing of a post in their list', async () => {
      const [mary, jane] = [await member('author'), await member('author')];
      const id = await write(mary);

      expect(await postsOf(jane)).toEqual([]);
      const { body } = await ask('get', `/posts?cursor=${LAST_ID}`, jane.token).expect(200);
      expect(body.posts).toEqual([]);
      expect(await postsOf(mary)).toMatchObject([{ id }]);
    });

    it.each(['get', 'patch', 'delete'] as const)(
      'answers %s of it exactly as if there were none, and leaves it as it is',
      async (method) => {
        const [mary, jane] = [await member('author'), await member('author')];
        const id = await write(mary);
        const before = await postsOf(mary);

        const others = await ask(method, `/posts/${id}`, jane.token).send({ title: 'Mine' }).expect(404);
        const none = await ask(method, `/posts/${randomUUID()}`, jane.token).send({ title: 'Mine' });
        const noId = await ask(method, '/posts/1', jane.token).send({ title: 'Mine' });

        expect(others.body.code).toBe('post_not_found');
        expect([none.status, none.text, noId.text]).toEqual([404, others.text, others.text]);
        expect(await postsOf(mary)).toEqual(before);
      },
    );
  });

  const ROUTES = [
    ['get', '/posts', 'posts:read'],
    ['post', '/posts', 'posts:write'],
    ['get', '/posts/1', 'posts:read'],
    ['patch', '/posts/1', 'posts:write'],
    ['delete', '/posts/1', 'posts:write'],
  ] as const;

  it.each(ROUTES)('refuses %s %s without a token, whatever is sent', async (method, path, _scope) => {
    const { headers, body } = await ask(method, path).send({ nonsense: true }).expect(401);

    expect(headers['www-authenticate']).toBe('Bearer realm="posts"');
    expect(headers['content-type']).toBe('application/problem+json');
    expect(body).toMatchObject({ status: 401, code: 'token_missing' });
  });

  it.each(ROUTES)('refuses %s %s to a caller without the permission %s', async (method, path, scope) => {
    const { token } = await member(scope === 'posts:read' ? 'user' : 'reader');

    const { headers, body } = await ask(method, path, token).send({ title: 'T', text: 'T' }).expect(403);

    expect(headers['www-authenticate']).toMatch(/^Bearer .*error="insufficient_scope"/);
    expect(headers['www-authenticate']).toContain(`scope="${scope}"`);
    expect(body).toMatchObject({ status: 403, code: 'insufficient_scope' });
  });

  describe('with a body that is not acceptable', () => {
    let author: Author;
    beforeAll(async () => {
      author = await member('author');
    });

    it.each([
      ['no body at all', undefined, ''],
      ['an array', [], ''],
      ['an unknown field', { title: 'T', text: 'T', owner: 'me' }, ''],
      ['an empty title', { title: ' ', text: 'T' }, '/title'],
      ['a title of 201 characters', { title: 'x'.repeat(201), text: 'T' }, '/title'],
      ['a title that is an object', { title: { ne: '' }, text: 'T' }, '/title'],
      ['half a character', { title: 'T', text: '\ud83c' }, '/text'],
      ['a text that is too long', { title: 'T', text: 'x'.repeat(20_001) }, '/text'],
      ['null', { title: 'T', text: null }, '/text'],
    ])('changes nothing and names what is wrong: %s', async (_what, body, pointer) => {
      const path = `/posts/${await write(author)}`;
      const before = await postsOf(author);

      for (const [method, where] of [['post', '/posts'] as const, ['patch', path] as const]) {
        const answer = await ask(method, where, author.token).send(body).expect(400);
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
        expect(answer.body).toMatchObject({ status: 400, code: 'validation_failed' });
        expect(answer.body.errors[0].pointer).toBe(pointer);
      }

      expect(await postsOf(author)).toEqual(before);
    });

    it('does not take a change that changes nothing, nor a post that lacks its text', async () => {
      const path = `/posts/${await write(author)}`;
      const before = await postsOf(author);

      await ask('patch', path, author.token).send({}).expect(400);
      await ask('post', '/posts', author.token).send({ title: 'T' }).expect(400);
      expect(await postsOf(author)).toEqual(before);
    });

    it.each([
      [400, 'invalid_json', 'application/json', '{"title":'],
      [415, 'unsupported_media_type', 'application/json; charset=latin1', '{}'],
      [413, 'payload_too_large', 'application/json', `"${'x'.repeat(200_000)}"`],
    ])('answers %d %s', async (status, code, type, body) => {
      const answer = await ask('post', '/posts', author.token).type(type).send(body).expect(status);

      expect(answer.body.code).toBe(code);
    });
  });

  it('refuses a list whose query it does not understand', async () => {
    const { token } = await member('reader');
    const limits = ['limit=0', 'limit=101', 'limit=1.5', 'limit=', 'limit=1&limit=2'];

    for (const query of [...limits, 'cursor=x', 'cursor[ne]=x', 'page=2']) {
      const { body } = await ask('get', `/posts?${query}`, token).expect(400);
      expect(body).toMatchObject({ code: 'validation_failed' });
    }
  });

  it('answers what it does not have with a problem, not with a page of Express', async () => {
    const { token } = await member('author');

    const unknown = await ask('get', '/nothing').expect(404);
    const method = await ask('put', '/posts', token).expect(405);
    const malformed = await ask('get', '/posts/%E0%A4%A', token).expect(400);

    expect(unknown.body.code).toBe('not_found');
    expect([method.body.code, method.headers.allow]).toEqual(['method_not_allowed', 'GET, HEAD, POST']);
    expect(malformed.body.code).toBe('invalid_request');
  });

  it('refuses a token soon after its session has ended', async () => {
    const author = await member('author');
    await write(author);

    expect((await logOut(author.token)).status).toBe(204);

    const refused = await eventually(
      () => ask('get', '/posts', author.token),
      ({ status }) => status !== 200,
    );
    expect([refused.status, refused.body.code]).toEqual([401, 'token_revoked']);
    expect(refused.headers['www-authenticate']).toContain('error="invalid_token"');
  });

  it('tells how well it follows what is revoked', async () => {
    const { body } = await ask('get', '/healthz').expect(200);

    expect(body).toEqual({ status: 'ok', revocation_lag_milliseconds: expect.any(Number) });
    expect(body.revocation_lag_milliseconds).toBeLessThan(10_000);
  });

  it('answers a fault of its own with 500, and shows the cause to no caller', async () => {
    const { token } = await member('author');
    const body = { title: 'Between us', text: 'Between us' };
    const database = new sqlite3.Database(environment().DATABASE ?? '');
    const run = promisify<string, void>(database.exec.bind(database));

    await run('ALTER TABLE posts RENAME TO lost');
    const answer = await ask('post', '/posts', token).send(body).expect(500);
    await run('ALTER TABLE lost RENAME TO posts');
    database.close();

    expect(answer.body).toMatchObject({ status: 500, code: 'internal_error' });
    expect(errors()).toContain('no such table');
    expect(errors() + answer.text).not.toContain('Between us');
  });

  it('does not start where Latchkey refuses its client, and says so', async () => {
    const env = { ...environment(), DATABASE: ':memory:', CLIENT_SECRET: 'wrong' };

    const { exitCode, stdout, stderr } = await runPosts(newDirectory(), env);

    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/did not start: .*The token endpoint answered 401, invalid_client/);
  });

  it('names everything that is wrong with its configuration at once', () => {
    const wrong = { CLIENT_ID: '', LATCHKEY_URL: 'localhost', PORT: '65536' };

    expect(() => readConfig(wrong)).toThrow(
      /LATCHKEY_URL must.*CLIENT_ID is needed.*CLIENT_SECRET is needed.*PORT must be a port/s,
    );
  });
});
