import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { useDirectories } from '../support/directories.ts';
import { copyCheckout, linkNodeModules, NODE_MODULES } from '../support/packing.ts';
import { AUDIENCE, aKeyPair, aSecretKey, ISSUER, sign, useHttpServers } from '../support/verifiers.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const SECRET = 'a-secret-of-the-test-suite-that-signs-nothing-else';
const OPTIONS = `{ issuer: '${ISSUER}', audience: '${AUDIENCE}', secret: '${SECRET}' }`;
/** Each version of Node that is supported can also require an ES module; older tools cannot. */
const NO_REQUIRE_OF_ES_MODULES = '--no-experimental-require-module';

/** `imports` say where the names come from: as an ES module does it, or as CommonJS does. */
const typescript = (imports: string) => `
${imports}

const verifier: Verifier = createVerifier(${OPTIONS});
const app = express();
app.get('/posts', bearer(verifier, { scope: 'posts:read' }), (req, res) => {
  const claims: AccessTokenClaims | undefined = req.auth;
  res.json({ owner: claims?.sub.toUpperCase() });
});

// @ts-expect-error One of secret, secrets and jwksUri is needed.
export const without = () => createVerifier({ issuer: '${ISSUER}', audience: '${AUDIENCE}' });

verifier.verify(process.argv[2] ?? '').then(
  ({ sub, scope }) => console.log(sub, permissionsIn(scope)[0]),
  (error: unknown) => console.log(error instanceof VerificationError ? error.code : error),
);
`;

const NAMES = `
import { bearer, createVerifier, VerificationError, type AccessTokenClaims, type Verifier } from '@latchkey/verifier';
import { permissionsIn } from '@latchkey/verifier/core';
`;

const COMMONJS = `
const { createVerifier } = require('@latchkey/verifier');
const { permissionsIn } = require('@latchkey/verifier/core');
const { sub, scope } = createVerifier(${OPTIONS}).verifySync(process.argv[2]);
console.log(sub, permissionsIn(scope)[0]);
`;

const ES_MODULE = `
import { createRequire } from 'node:module';
import * as imported from '@latchkey/verifier';

const { sub } = await imported.createVerifier(${OPTIONS}).verify(process.argv[2]);
const required = createRequire(import.meta.url)('@latchkey/verifier');
console.log(sub, required.VerificationError === imported.VerificationError);
`;

/** A test as a project in CommonJS has it, with the defaults of Jest, but for Babel, which is not there. */
const JEST_TEST = `
const { bearer, createVerifier, VerificationError } = require('@latchkey/verifier');

const { JWKS_URL: jwksUri, GOOD, FORGED } = process.env;
const verifier = createVerifier({ issuer: '${ISSUER}', audience: '${AUDIENCE}', jwksUri });
afterAll(() => verifier.close());

test('the claims of a token of ES256', async () => {
  expect(await verifier.verify(GOOD)).toMatchObject({ sub: 'ada', scope: 'posts:read' });
});

test('a token of another key', async () => {
  await expect(verifier.verify(FORGED)).rejects.toThrow(VerificationError);
});

test('the middleware', async () => {
  const req = { headers: { authorization: 'Bearer ' + GOOD } };
  await new Promise((resolve) => bearer(verifier, { scope: 'posts:read' })(req, {}, resolve));
  expect(req.auth.sub).toBe('ada');
});
`;

const run = promisify(execFile);

describe('npm run pack:packages', () => {
  const newDirectory = useDirectories();
  const serve = useHttpServers();
  let copy: string;
  let project: string;
  let packed: string[];

  beforeAll(async () => {
    copy = newDirectory();
    copyCheckout(copy);
    linkNodeModules(copy);
    const { stdout } = await run('npm', ['run', '--silent', 'pack:packages'], { cwd: copy });
    packed = stdout.trim().split('\n');
    project = newDirectory();
    writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "type": "module" }');
    const tarball = join(copy, 'dist-packages', packed[0] ?? '');
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: project });
  });

  const installed = (path: string) => join(project, 'node_modules/@latchkey/verifier', path);

  it('packs the workspaces that are not private, into a directory that git ignores', () => {
    const { version } = JSON.parse(readFileSync(join(CHECKOUT, 'verifier/package.json'), 'utf8'));

    expect(packed).toEqual([`latchkey-verifier-${version}.tgz`, expect.stringMatching(/^latchkey-client-/)]);
    expect(readdirSync(join(copy, 'dist-packages')).sort()).toEqual([...packed].sort());
    expect(readFileSync(join(CHECKOUT, '.gitignore'), 'utf8')).toMatch(/^dist-packages\/$/m);
  });

  it('builds each anew before it packs it', async () => {
    const { stdout } = await run('tar', ['tf', join(copy, 'dist-packages', packed[1] ?? '')]);

    expect(stdout).toContain('package/dist/index.js');
    expect(stdout).not.toContain('left-over');
    expect(existsSync(installed('dist/index.js'))).toBe(true);
    expect(existsSync(installed('dist/left-over.js'))).toBe(false);
  });

  describe('makes a package of the verifier that', () => {
    it('holds what was built, README, licence and package.json, and nothing else', () => {
      const isBuilt = (path: string) =>
        /^dist\/(?:cjs\/)?[a-z-]+\.(?:js|d\.ts)$/.test(path) || path === 'dist/cjs/package.json';
      const files = readdirSync(installed(''), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(installed(''), join(entry.parentPath, entry.name)));

      expect(files.filter((path) => !isBuilt(path)).sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
      expect(files.filter(isBuilt).length).toBeGreaterThan(20);
    });

    it('needs no other package, and may be published for all', () => {
      const manifest = JSON.parse(readFileSync(installed('package.json'), 'utf8'));

      expect({ ...manifest.dependencies, ...manifest.peerDependencies }).toEqual({});
      expect(manifest).toMatchObject({ publishConfig: { access: 'public' } });
      expect(manifest.private).toBeUndefined();
    });

    it.each(['node16', 'nodenext'])(
      'can be used from TypeScript, in either format, under %s',
      async (module) => {
        const directory = join(project, module);
        mkdirSync(directory);
        // What a project in TypeScript has besides; the service's own packages do as well as those of the registry.
        for (const name of ['@types', 'express', 'undici-types']) {
          const link = join(project, 'node_modules', name);
          if (!existsSync(link)) symlinkSync(join(NODE_MODULES, name), link);
        }
        writeFileSync(join(directory, 'new.mts'), typescript(`import express from 'express';${NAMES}`));
        writeFileSync(join(directory, 'old.cts'), typescript(`import express = require('express');${NAMES}`));
        // Both in one program, and without skipLibCheck, so that their types have to agree.
        const options = [
          '--module',
          module,
          '--target',
          'es2022',
          '--strict',
          '--types',
          'node',
          '--rootDir',
          '.',
        ];
        const args = [join(NODE_MODULES, 'typescript/bin/tsc'), ...options, 'new.mts', 'old.cts'];

        await run(process.execPath, args, { cwd: directory }).catch(({ stdout }) => {
          throw new Error(stdout);
        });
        const token = sign(aSecretKey(SECRET), { sub: 'ada' });
        const outputs = await Promise.all(
          ['new.mjs', 'old.cjs'].map((file) => run(process.execPath, [file, token], { cwd: directory })),
        );

        expect(outputs.map(({ stdout }) => stdout)).toEqual(['ada posts:read\n', 'ada posts:read\n']);
      },
    );

    it.each([
      { where: 'Node', flags: [] },
      { where: 'a Node that cannot require ES modules', flags: [NO_REQUIRE_OF_ES_MODULES] },
    ])('can be required in $where', async ({ flags }) => {
      writeFileSync(join(project, 'consumer.cjs'), COMMONJS);

      const token = sign(aSecretKey(SECRET), { sub: 'ada' });
      const { stdout, stderr } = await run(process.execPath, [...flags, 'consumer.cjs', token], {
        cwd: project,
      });

      expect({ stdout, stderr }).toEqual({ stdout: 'ada posts:read\n', stderr: '' });
    });

    it('is one module in Node, however it is loaded, so that instanceof can be relied on', async () => {
      writeFileSync(join(project, 'consumer.js'), ES_MODULE);

      const token = sign(aSecretKey(SECRET), { sub: 'ada' });
      const { stdout } = await run(process.execPath, ['consumer.js', token], { cwd: project });

      expect(stdout).toBe('ada true\n');
    });

    it('can be required in Jest, where it verifies tokens of ES256 by a JWKS', async () => {
      const directory = join(project, 'old');
      mkdirSync(directory);
      writeFileSync(join(directory, 'package.json'), '{ "name": "old", "jest": { "transform": {} } }');
      writeFileSync(join(directory, 'tokens.test.js'), JEST_TEST);
      const key = aKeyPair('ES256');
      const url = await serve((_req, res) => {
        res.setHeader('Content-Type', 'application/json').end(JSON.stringify({ keys: [key.jwk] }));
      });
      const env = {
        PATH: process.env.PATH,
        JWKS_URL: url,
        GOOD: sign(key, { sub: 'ada' }),
        FORGED: sign({ ...aKeyPair('ES256'), kid: key.kid }, { sub: 'ada' }),
      };

      const { stderr } = await run(process.execPath, [join(NODE_MODULES, 'jest/bin/jest.js')], {
        cwd: directory,
        env,
      }).catch((error) => error);

      expect(stderr).toContain('Tests:       3 passed, 3 total');
    });
  });
});
