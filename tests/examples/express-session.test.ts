import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sign } from 'cookie-signature';
import request from 'supertest';
import { useDirectories } from '../support/directories.ts';
import { examplePath } from '../support/example-file.ts';
import { startExpressSession } from '../support/express-session.ts';
import { freePort } from '../support/mysql-server.ts';
import { aPerson } from '../support/people.ts';
import { openShell, QUICK } from '../support/posts-service.ts';
import { onRedis, useRedis } from '../support/redis.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const COOKIE_SECRET = 'a secret that Latchkey shares with the services of the same company';
const README = readFileSync(examplePath('express-session/README.md'), 'utf8');

onRedis(() => {
  const redis = useRedis();
  const newDirectory = useDirectories();
  let latchkey: ServerProcess;
  let service: Awaited<ReturnType<typeof startExpressSession>>;

  beforeAll(async () => {
    const shared = { REDIS_URL: redis.url, COOKIE_SECRET };
    latchkey = await startServer(newDirectory(), { ...QUICK, ...shared });
    await latchkey.logged('redis is connected');
    service = await startExpressSession(shared);
  });
  afterAll(async () => {
    await service?.stop();
    await latchkey?.stop();
  });

  async function signUp() {
    const response = await request(latchkey.url)
      .post('/signup')
      .send({ ...aPerson(), transport: 'cookie' })
      .expect(201);
    const cookies = response.headers['set-cookie'] as unknown as string[];
    return {
      id: response.body.user.id as string,
      csrfToken: response.body.csrf_token as string,
      cookie: cookies.map((text) => text.split(';')[0]).join('; '),
    };
  }

  const ask = (cookie?: string) =>
    request(service.url)
      .get('/')
      .set(cookie === undefined ? {} : { Cookie: cookie });

  const logOut = ({ cookie, csrfToken }: Awaited<ReturnType<typeof signUp>>) =>
    request(latchkey.url)
      .post('/logout')
      .set({ Cookie: cookie, Origin: latchkey.url, 'X-CSRF-Token': csrfToken })
      .expect(204);

  describe('A service with plain express-session and the Redis of Latchkey', () => {
    it('greets a user by the cookie of Latchkey, and sets none itself', async () => {
      const { id, cookie } = await signUp();

      const response = await ask(cookie).expect(200);

      expect(response.body).toEqual({ hello: id, roles: ['user'] });
      expect(response.headers).not.toHaveProperty('set-cookie');
    });

    it('refuses the next request after a logout at Latchkey', async () => {
      for (let count = 0; count < 10; count++) {
        const browser = await signUp();
        await ask(browser.cookie).expect(200);
        await logOut(browser);
        await ask(browser.cookie).expect(401);
      }
    });

    it('refuses a request that has no cookie, a stale one or a forged one, and sets none', async () => {
      const stale = await signUp();
      const { cookie } = await signUp();
      const id = /latchkey=s%3A([\w-]+)\./.exec(cookie)?.[1] ?? '';
      const signed = (value: string, secret: string) =>
        `latchkey=${encodeURIComponent(`s:${sign(value, secret)}`)}`;
      await logOut(stale);

      const refused = [
        undefined,
        stale.cookie,
        'latchkey=',
        `latchkey=${id}`,
        `latchkey=s:${id}`,
        signed(id, 'another secret'),
        signed('an id that is not known', COOKIE_SECRET),
      ];

      for (const sent of refused) {
        const { headers } = await ask(sent).expect(401);
        expect(headers).not.toHaveProperty('set-cookie');
      }
      await ask(signed(id, COOKIE_SECRET)).expect(200);
    });

    it('does not find in Redis what is in the cookie', async () => {
      const { cookie } = await signUp();
      const id = /latchkey=s%3A([\w-]+)\./.exec(cookie)?.[1] ?? '';
      const { Redis } = await import('ioredis');
      const client = new Redis(redis.url);

      const keys = await client.keys('latchkey:session:*');
      const values = await client.mget(keys);
      await client.quit();

      expect(id).toHaveLength(43);
      expect(JSON.stringify([keys, values])).not.toContain(id);
    });

    it('does not start without the secret', async () => {
      await expect(startExpressSession({ REDIS_URL: redis.url })).rejects.toThrow('COOKIE_SECRET is not set');
    });
  });

  it('has a README whose commands lead from an empty Redis to a refused request', async () => {
    const commands = [...README.matchAll(/```sh\n([^`]+)```/g)].map(([, command = '']) => command);
    const [begin = '', start, ...walk] = commands;
    const directory = newDirectory();
    const shell = openShell(directory, {});
    const port = String(await freePort());
    const before = begin.replace(/npm start\n$/, '').replaceAll('6379', port);
    const told = await shell.run(`${before}REDIS_PID=$!\necho "$COOKIE_SECRET $REDIS_URL"`);
    const [ownSecret = '', ownRedis = ''] = told.trim().split(' ');
    const shared = { COOKIE_SECRET: ownSecret, REDIS_URL: ownRedis };
    const [own, ownService] = [
      await startServer(directory, { ...QUICK, ...shared }),
      await startExpressSession(shared),
    ];
    await own.logged('redis is connected');
    const answers: string[] = [];
    for (const command of walk) {
      const moved = command
        .replaceAll('http://localhost:3000', `http://localhost:${own.port}`)
        .replaceAll('http://localhost:4000', ownService.url);
      answers.push(await shell.run(moved));
    }
    await own.stop();
    await ownService.stop();
    await shell.run('kill $REDIS_PID');
    await shell.close();

    expect(begin).toMatch(/\nnpm start\n$/);
    expect(start).toBe('npx tsx examples/express-session/server.ts\n');
    expect(answers.map((answer) => JSON.parse(answer))).toEqual([
      { hello: expect.any(String), roles: ['user'] },
      { error: 'Sign in at Latchkey first.' },
    ]);
  });
});
