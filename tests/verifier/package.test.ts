import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { useDirectories } from '../support/directories.ts';
import { AUDIENCE, aSecretKey, ISSUER, sign } from '../support/verifiers.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
const SECRET = 'a-secret-of-the-test-suite-that-signs-nothing-else';

const TYPESCRIPT = `
import { bearer, createVerifier, VerificationError, type AccessTokenClaims, type Verifier } from '@latchkey/verifier';
import express from 'express';

const verifier: Verifier = createVerifier({ issuer: '${ISSUER}', audience: '${AUDIENCE}', secret: '${SECRET}' });
const app = express();
app.get('/posts', bearer(verifier, { scope: 'posts:read' }), (req, res) => {
  const claims: AccessTokenClaims | undefined = req.auth;
  res.json({ owner: claims?.sub.toUpperCase() });
});

// @ts-expect-error One of secret, secrets and jwksUri is needed.
export const without = () => createVerifier({ issuer: '${ISSUER}', audience: '${AUDIENCE}' });

verifier.verify(process.argv[2] ?? '').then(
  ({ sub, scope }) => console.log(sub, scope),
  (error: unknown) => console.log(error instanceof VerificationError ? error.code : error),
);
`;

const COMMONJS = `
const { createVerifier } = require('@latchkey/verifier');
const verifier = createVerifier({ issuer: '${ISSUER}', audience: '${AUDIENCE}', secret: '${SECRET}' });
console.log(verifier.verifySync(process.argv[2]).sub);
`;

const run = promisify(execFile);

describe('The package that npm pack makes of the verifier', () => {
  const newDirectory = useDirectories();
  let project: string;
  let files: string[];

  beforeAll(async () => {
    project = newDirectory();
    // It was built before the tests, and others read those files at this moment.
    const { stdout } = await run(
      'npm',
      ['pack', '--json', '--ignore-scripts', '--pack-destination', project],
      {
        cwd: join(CHECKOUT, 'verifier'),
      },
    );
    const [packed] = JSON.parse(stdout);
    files = packed.files.map(({ path }: { path: string }) => path);
    writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "type": "module" }');
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', `./${packed.filename}`], {
      cwd: project,
    });
  });

  it('holds what was built, README, licence and package.json, and nothing else', () => {
    const isBuilt = (path: string) => /^dist\/[a-z-]+\.(?:js|d\.ts)$/.test(path);

    expect(files.filter((path) => !isBuilt(path)).sort()).toEqual(['LICENSE', 'README.md', 'package.json']);
    expect(files.filter(isBuilt).length).toBeGreaterThan(10);
  });

  it('is built anew whenever it is packed, so that none is without its files', () => {
    const { scripts } = JSON.parse(readFileSync(join(CHECKOUT, 'verifier/package.json'), 'utf8'));

    expect(scripts).toMatchObject({ prepack: 'npm run --silent build', build: 'tsc -p tsconfig.json' });
  });

  it('needs no other package', () => {
    const { dependencies = {}, peerDependencies = {} } = JSON.parse(
      readFileSync(join(project, 'node_modules/@latchkey/verifier/package.json'), 'utf8'),
    );

    expect({ ...dependencies, ...peerDependencies }).toEqual({});
  });

  it('can be used from TypeScript, whose types are right without skipLibCheck', async () => {
    // What a project in TypeScript has besides; the service's own packages do as well as those of the registry.
    symlinkSync(join(CHECKOUT, 'node_modules/@types'), join(project, 'node_modules/@types'));
    for (const name of ['express', 'undici-types']) {
      symlinkSync(join(CHECKOUT, 'node_modules', name), join(project, 'node_modules', name));
    }
    writeFileSync(join(project, 'consumer.ts'), TYPESCRIPT);
    const options = [
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--strict',
      '--types',
      'node',
      '--rootDir',
      '.',
    ];
    const args = [join(CHECKOUT, 'node_modules/typescript/bin/tsc'), ...options, 'consumer.ts'];

    await run(process.execPath, args, { cwd: project }).catch(({ stdout }) => {
      throw new Error(stdout);
    });
    const token = sign(aSecretKey(SECRET), { sub: 'ada' });
    const { stdout } = await run(process.execPath, ['consumer.js', token], { cwd: project });

    expect(stdout).toBe('ada posts:read\n');
  });

  it('can be required from CommonJS', async () => {
    mkdirSync(join(project, 'old'));
    writeFileSync(join(project, 'old/consumer.cjs'), COMMONJS);

    const token = sign(aSecretKey(SECRET), { sub: 'ada' });
    const { stdout } = await run(process.execPath, ['old/consumer.cjs', token], { cwd: project });

    expect(stdout).toBe('ada\n');
  });
});
