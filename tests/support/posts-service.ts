import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll } from '@jest/globals';
import request, { type Test } from 'supertest';
import { anAdmin } from './admins.ts';
import { createRunningClock, PUBLIC_URL, startApp, type TestApp, type TestClock } from './app.ts';
import { claimsIn } from './claims.ts';
import { collectOutput } from './output.ts';
import { aPerson } from './people.ts';
import type { Run } from './server-process.ts';
import { type Answer, send } from './several-processes.ts';
import { authenticatedBy } from './step-up.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
export const POSTS_SERVICE = join(CHECKOUT, 'examples/posts-service');

/** What runs the commands of operators. */
export const ADMIN = `${process.execPath} ${join(CHECKOUT, 'dist/cli/admin.js')}`;

/** What the services of these tests are told besides. */
export const QUICK = { BCRYPT_COST: '4', HASH_WORKERS: '1', RATE_LIMITS: 'off' };

/** Whose pages may call the posts service. */
export const PAGE = 'https://app.example.com';

export interface PostsProcess {
  readonly url: string;
  /** Everything on standard error so far. */
  readonly errors: () => string;
  /** SIGTERM, and how it ended. */
  readonly stop: () => Promise<Run>;
}

/** Runs the command of `npm start` in `directory` until it listens. */
export async function startPosts(directory: string, env: Record<string, string>): Promise<PostsProcess> {
  const { child, run, ended } = spawnPosts(directory, env);
  const urlOf = () => run().stdout.match(/^Posts are at (http:\S+)\n/)?.[1];
  while (urlOf() === undefined) {
    await Promise.race([once(child.stdout, 'data'), ended]);
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the posts service ended: ${run().stderr}`);
  }
  return {
    url: urlOf() ?? '',
    errors: () => run().stderr,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

/** The same where it is expected to end by itself. */
export function runPosts(directory: string, env: Record<string, string>): Promise<Run> {
  return spawnPosts(directory, env).ended;
}

function spawnPosts(directory: string, env: Record<string, string>) {
  const { scripts } = JSON.parse(readFileSync(join(POSTS_SERVICE, 'package.json'), 'utf8'));
  const [program, file] = scripts.start.split(' ') as [string, string];
  const child = spawn(join(CHECKOUT, 'node_modules/.bin', program), [join(POSTS_SERVICE, file)], {
    cwd: directory,
    env: { PATH: process.env.PATH ?? '', PORT: '0', ...env },
  });
  const output = collectOutput(child);
  const run = () => ({ exitCode: child.exitCode ?? -1, ...output });
  return { child, run, ended: once(child, 'close').then(run) };
}

/** A shell that keeps its variables from one command to the next, and ends where one fails. */
export function openShell(directory: string, env: Record<string, string>) {
  const shell = spawn('bash', ['-eu'], {
    cwd: directory,
    env: { PATH: process.env.PATH ?? '', ...env },
  });
  const output = collectOutput(shell);
  const ended = once(shell, 'close');
  return {
    /** What the commands print. */
    async run(commands: string): Promise<string> {
      const end = `----${randomUUID()}\n`;
      const begin = output.stdout.length;
      shell.stdin.write(`${commands}\nprintf '%s\\n' ${end}`);
      while (!output.stdout.endsWith(end)) {
        await Promise.race([once(shell.stdout, 'data'), ended]);
        if (shell.exitCode !== null || shell.signalCode !== null)
          throw new Error(`the shell ended after ${output.stdout.slice(begin)}: ${output.stderr}`);
      }
      return output.stdout.slice(begin, -end.length);
    },
    close: () => {
      shell.stdin.end();
      return ended;
    },
  };
}

export interface Author {
  readonly id: string;
  readonly token: string;
  readonly password: string;
}

interface PostsOptions {
  readonly clock?: TestClock;
  /** The origins whose pages may call the posts service, once it starts. */
  readonly origins?: () => readonly string[];
  /** What Latchkey is told besides. */
  readonly env?: Record<string, string>;
}

/**
 * The posts service beside a Latchkey in this process that signs with a private key, so that the two share no secret. At
 * the end both are stopped.
 */
export function usePostsService(
  newDirectory: () => string,
  { clock = createRunningClock(), origins = () => [PAGE], env: latchkeyEnv = {} }: PostsOptions = {},
) {
  let latchkey: TestApp;
  let posts: PostsProcess;
  let adminToken: string;
  let env: Record<string, string>;

  beforeAll(async () => {
    const settings = { ...QUICK, ...aPrivateKey(), ...latchkeyEnv };
    latchkey = await startApp('SQLite', settings, undefined, { clock });
    latchkey.start();
    adminToken = (await anAdmin(latchkey)).token;
    for (const name of ['posts:read', 'posts:write']) await administer('/admin/permissions', { name });
    await administer('/admin/roles', { name: 'author', permissions: ['posts:read', 'posts:write'] });
    await administer('/admin/roles', { name: 'reader', permissions: ['posts:read'] });
    const { body } = await administer('/admin/clients', { name: 'Posts', scope: 'revocations:read' });
    const directory = newDirectory();
    env = {
      LATCHKEY_URL: latchkey.url,
      JWT_ISSUER: PUBLIC_URL,
      CLIENT_ID: String(body.client_id),
      CLIENT_SECRET: String(body.client_secret),
      DATABASE: join(directory, 'posts.sqlite'),
      CORS_ORIGINS: origins().join(','),
    };
    posts = await startPosts(directory, env);
  });
  afterAll(async () => {
    await posts?.stop();
    await latchkey?.stop();
  });

  async function administer(path: string, body: object): Promise<Answer> {
    const answer = await send(latchkey.url + path, { method: 'POST', token: adminToken, body });
    if (answer.status !== 201) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return answer;
  }

  async function logIn(email: string, password: string) {
    const { body } = await send(`${latchkey.url}/login`, { method: 'POST', body: { email, password } });
    const token = String(body.access_token);
    return { token, refreshToken: String(body.refresh_token), sessionId: claimsIn(token).sid };
  }

  /** A user who has logged in and has the role. */
  async function member(role: 'author' | 'reader' | 'user') {
    const { email, password } = aPerson();
    const { body } = await administer('/admin/users', { email, password, roles: [role] });
    return { id: (body.user as { id: string }).id, password, ...(await logIn(email, password)) };
  }

  /** A request to the posts service, with a token if there is one. */
  function ask(
    method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options',
    path: string,
    token?: string,
  ): Test {
    const asked = request(posts.url)[method](path);
    return token === undefined ? asked : asked.auth(token, { type: 'bearer' });
  }

  return {
    ask,
    latchkey: () => latchkey,
    url: () => posts.url,
    adminToken: () => adminToken,
    environment: () => env,
    errors: () => posts.errors(),
    member,
    /** An author who has logged in so many seconds ago. */
    authorSince: async (secondsAgo: number): Promise<Author> =>
      authenticatedBy(latchkey, await member('author'), 'pwd', secondsAgo),
    /** Another token of the same session, for the password. */
    async reauthenticate({ token, password }: Author): Promise<string> {
      const answer = await send(`${latchkey.url}/me/reauthenticate`, {
        method: 'POST',
        token,
        body: { password },
      });
      return String(answer.body.access_token);
    },
    logOut: (token: string) => send(`${latchkey.url}/logout`, { method: 'POST', token }),
  };
}

function aPrivateKey() {
  const { privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  return { JWT_ALG: 'ES256', JWT_PRIVATE_KEY: privateKey };
}
