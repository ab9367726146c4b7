import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { useDirectories } from '../support/directories.ts';
import { NODE_MODULES } from '../support/packing.ts';
import {
  BENCH_MODULES,
  buildWithVite,
  describeWithVite,
  installClient,
  linkPackages,
  packClient,
  run,
} from './support/installed-client.ts';

const PAGE = '<!doctype html><title>App</title><script type="module" src="/main.js"></script>';
const SCRIPT = `
import { createClient } from '@latchkey/client';

const client = createClient({ url: 'http://localhost:3000', transport: 'cookie' });
client.subscribe(({ status }) => (document.title = status));
`;

const SERVER = `
import { createClient } from '@latchkey/client';
import { LatchkeyProvider, SignedIn, SignedOut, useSession } from '@latchkey/client/react';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';

const client = createClient({ url: 'http://localhost:3000', transport: 'token' });
await client.ready();
const Status = () => createElement('b', null, useSession().status);
const parts = [createElement(SignedIn, { key: 1 }, 'in'), createElement(SignedOut, { key: 2 }, 'out'), createElement(Status, { key: 3 })];
console.log(client.session.status, renderToString(createElement(LatchkeyProvider, { client }, parts)));
`;

const TYPESCRIPT = `
import { type ClientSession, createClient, LatchkeyError, type Step } from '@latchkey/client';
import { LatchkeyProvider, SignedIn, useSession } from '@latchkey/client/react';
import { workerFetch } from '@latchkey/client/worker-fetch';
import { createElement } from 'react';

const client = createClient({ url: 'https://auth.example.com', transport: 'cookie' });
export const session: ClientSession = client.session;

export async function signIn(email: string, password: string): Promise<string> {
  const step: Step = await client.signIn({ email, password });
  if (step.status === 'challenge') return step.methods.map((method) => method.toUpperCase()).join();
  // @ts-expect-error A password is missing.
  await client.signIn({ email });
  // @ts-expect-error There is no such route.
  await client.call('GET /nowhere');
  const { sessions } = await client.call('GET /sessions');
  return sessions[0]?.id.toUpperCase() ?? '';
}

export const fieldOf = (error: unknown) => error instanceof LatchkeyError && error.fields.email?.code;
export const Name = () => createElement('b', null, useSession().user?.email);
export const app = createElement(LatchkeyProvider, { client, children: createElement(SignedIn, null, createElement(Name)) });
export const kept = (worker: SharedWorker) => workerFetch('https://auth.example.com', worker);
`;

describe('The package @latchkey/client', () => {
  const newDirectory = useDirectories();
  let project: string;

  beforeAll(async () => {
    project = newDirectory();
    await installClient(project, await packClient(newDirectory()));
  });

  it('holds what was built, README, licence and package.json, and nothing else', () => {
    const root = join(project, 'node_modules/@latchkey/client');
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)));
    const isBuilt = (path: string) => /^dist\/[a-z-]+\.(?:js|d\.ts)$/.test(path);
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const entries = Object.values<Record<string, string>>(exports).flatMap(Object.values);

    expect(files.filter((path) => !isBuilt(path)).sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(files).not.toContain('dist/left-over.js');
    expect(entries.filter((path) => !files.includes(path.replace('./', '')))).toEqual([]);
  });

  it.each([
    ['bundler', ['--module', 'esnext', '--moduleResolution', 'bundler'], 'app.ts'],
    ['node16', ['--module', 'node16'], 'app.mts'],
  ])('has types that are found with the module resolution %s', async (_name, options, file) => {
    linkPackages(project, NODE_MODULES, ['@types/react', 'csstype']);
    writeFileSync(join(project, file), TYPESCRIPT);
    const strict = ['--strict', '--exactOptionalPropertyTypes', '--noEmit'];
    const target = ['--target', 'es2022', '--lib', 'es2022,dom,dom.iterable', '--types', ''];
    const args = [join(NODE_MODULES, 'typescript/bin/tsc'), ...options, ...strict, ...target, file];

    const { stdout } = await run(process.execPath, args, { cwd: project }).catch((error) => error);

    expect(stdout).toBe('');
  });

  describeWithVite('in an empty project with Vite', () => {
    it('shows nothing on a server, as a page that it has sent does at first', async () => {
      linkPackages(project, BENCH_MODULES, ['react', 'react-dom']);
      writeFileSync(join(project, 'server.mjs'), SERVER);

      const { stdout } = await run(process.execPath, ['server.mjs'], { cwd: project });

      expect(stdout).toBe('signed-out <b>loading</b>\n');
    });

    it('is built, with what passkeys need in a file of its own', async () => {
      writeFileSync(join(project, 'index.html'), PAGE);
      writeFileSync(join(project, 'main.js'), SCRIPT);

      const scripts = await buildWithVite(project);

      expect(scripts.sort()).toEqual(['index', 'passkeys']);
    });
  });
});
