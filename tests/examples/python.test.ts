import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { PUBLIC_URL, TEST_SECRET } from '../support/app.ts';
import { claimsIn } from '../support/claims.ts';
import { foreignTokens } from '../support/foreign-tokens.ts';
import { forger } from '../support/forge-token.ts';
import { onPython } from '../support/interop.ts';
import { ALGORITHMS, genuineTokens, useIssuer } from '../support/issuer.ts';
import { freePort } from '../support/mysql-server.ts';
import { aPerson } from '../support/people.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const README = readFileSync(new URL('../../examples/python/README.md', import.meta.url), 'utf8');
const PROGRAMS = ['verify_with_pyjwt.py', 'verify_with_jose.py'] as const;

interface Answer {
  readonly ok: boolean;
  readonly claims?: unknown;
  readonly error?: string;
}

onPython((python) => {
  /** What a program says of each token, and on standard error. */
  async function ask(program: string, env: Record<string, string>, tokens: readonly string[]) {
    const child = spawn(python, [`examples/python/${program}`], { cwd: CHECKOUT, env: environment(env) });
    const said = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    child.stdin.end(tokens.map((token) => `${token}\n`).join(''));
    const [stdout, stderr, [exitCode]] = await said;
    const answers = stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Answer);
    return { answers, stderr, exitCode: exitCode as number };
  }

  describe.each(ALGORITHMS)('A Python service, under %s,', (algorithm) => {
    const { app, key } = useIssuer(algorithm);
    let genuine: readonly [string, ...string[]];
    let foreign: Record<string, string>;
    let fetches = 0;

    beforeAll(async () => {
      genuine = await genuineTokens(app);
      foreign = foreignTokens(genuine[0], key);
      app.server.on('request', ({ url }) => {
        if (url === '/.well-known/jwks.json') fetches++;
      });
    });

    const settings = () => ({
      ISSUER: PUBLIC_URL,
      AUDIENCE: 'latchkey',
      ALGORITHM: algorithm,
      ...(algorithm === 'HS256' ? { SECRET: TEST_SECRET } : { JWKS_URL: `${app.url}/.well-known/jwks.json` }),
    });

    it.each(PROGRAMS)('accepts by %s what is genuine and nothing else, and survives all', async (program) => {
      fetches = 0;
      const forge = forger(genuine[0], key);
      const bad = {
        ...foreign,
        'a number as sub': forge({ claims: { sub: 7 } }),
        'a list as jti': forge({ claims: { jti: ['x'] } }),
      };
      const [names, tokens] = [Object.keys(bad), Object.values(bad)];

      // Twice, since the keys are known the second time.
      const { answers, stderr, exitCode } = await ask(program, settings(), [
        ...tokens,
        ...genuine,
        ...tokens,
      ]);

      expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
      expect(answers).toHaveLength(2 * names.length + genuine.length);
      const ofGenuine = answers.splice(names.length, genuine.length);
      expect(ofGenuine).toEqual(genuine.map((token) => ({ ok: true, claims: claimsIn(token) })));
      expect(answers.flatMap(({ ok }, index) => (ok ? [names[index % names.length]] : []))).toEqual([]);
      expect(answers.filter(({ error }) => error === undefined || error === '')).toEqual([]);
      expect(fetches).toBe(algorithm === 'HS256' ? 0 : 1);
    });

    it.each(PROGRAMS)(
      'accepts by %s the long spelling of the type and clocks that differ a little',
      async (program) => {
        const [good] = genuine;
        const forge = forger(good, key);
        const now = Math.floor(Date.now() / 1000);
        const tokens = [
          forge({ header: { typ: 'application/at+jwt' } }),
          forge({ claims: { aud: ['reports', 'latchkey'] } }),
          forge({ claims: { exp: now } }),
          forge({ claims: { iat: now + 4 } }),
        ];

        const { answers } = await ask(program, settings(), tokens);

        expect(answers.map(({ ok }) => ok)).toEqual([true, true, true, true]);
      },
    );

    if (algorithm === 'HS256') return;

    it.each(PROGRAMS)('asks by %s for the keys once, however many kids are made up', async (program) => {
      fetches = 0;
      const forge = forger(genuine[0], key);
      const madeUp = Array.from({ length: 20 }, (_, count) => forge({ header: { kid: `made-up-${count}` } }));

      const { answers } = await ask(program, settings(), [...madeUp, genuine[0]]);

      expect(answers.map(({ ok }) => ok)).toEqual([...madeUp.map(() => false), true]);
      expect(fetches).toBe(1);
    });

    it.each(PROGRAMS)('refuses by %s what it has no keys for, and says why', async (program) => {
      const JWKS_URL = `http://127.0.0.1:${await freePort()}/`;

      const { answers, stderr, exitCode } = await ask(program, { ...settings(), JWKS_URL }, [...genuine]);

      expect(answers.map(({ ok }) => ok)).toEqual(genuine.map(() => false));
      expect(stderr).toContain('the keys cannot be had');
      expect(exitCode).toBe(0);
    });
  });

  describe('examples/python', () => {
    const { app } = useIssuer('HS256');

    it.each(
      PROGRAMS.flatMap((program) => [
        { program, what: 'an algorithm that it knows', env: { ALGORITHM: 'none' }, variable: 'ALGORITHM' },
        { program, what: 'a secret', env: { ALGORITHM: 'HS256', SECRET: '' }, variable: 'SECRET' },
      ]),
    )('has $program, which does not begin without $what', async ({ program, env, variable }) => {
      const settings = { ISSUER: PUBLIC_URL, AUDIENCE: 'latchkey', ...env };

      const { answers, stderr, exitCode } = await ask(program, settings, ['a.b.c']);

      expect({ answers, exitCode }).toEqual({ answers: [], exitCode: 1 });
      expect(stderr).toMatch(new RegExp(`^${variable} must be .+\\n$`));
    });

    it('has a README whose commands work when pasted from top to bottom', async () => {
      const person = aPerson();
      await app
        .post('/signup')
        .send({ ...person, username: 'ada' })
        .expect(201);
      const script = (/```sh\n([^`]+)```/.exec(README)?.[1] ?? '')
        .replaceAll('ISSUER=http://localhost:3000', `ISSUER=${PUBLIC_URL}`)
        .replaceAll('http://localhost:3000', app.url)
        .replaceAll('$(cat data/jwt-secret)', TEST_SECRET)
        .replaceAll('/usr/bin/python3', python)
        .replaceAll('correct horse battery staple', person.password);

      const { stdout } = await promisify(execFile)('bash', ['-euc', script], {
        cwd: CHECKOUT,
        env: environment({}),
      });

      const [accepted = '', refused = ''] = stdout.split('\n');
      expect(JSON.parse(accepted)).toMatchObject({ ok: true, claims: { roles: ['user'] } });
      expect(JSON.parse(refused)).toMatchObject({ ok: false, error: expect.stringContaining('Signature') });
    });
  });
});

/** Nothing of the developer's own, and nothing written beside the programs. */
function environment(env: Record<string, string>): Record<string, string> {
  return { PATH: process.env.PATH ?? '', PYTHONDONTWRITEBYTECODE: '1', ...env };
}
