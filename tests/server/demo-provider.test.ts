import { cpSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from '@jest/globals';
import { useDirectories } from '../support/directories.ts';
import { freePort } from '../support/mysql-server.ts';
import { useServer } from '../support/serve.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));
/** What npm ci --omit=dev installs of what a start needs. */
const PACKAGES = ['bcrypt', 'piscina', 'sqlite3'];

const newDirectory = useDirectories();

/** The built service in a directory where the development dependencies are not installed. */
function withoutDevelopmentDependencies(): string {
  const directory = newDirectory();
  mkdirSync(join(directory, 'node_modules'));
  for (const name of PACKAGES)
    symlinkSync(join(CHECKOUT, 'node_modules', name), join(directory, 'node_modules', name));
  for (const name of ['package.json', 'dist', 'migrations', 'config', 'scripts'])
    cpSync(join(CHECKOUT, name), join(directory, name), { recursive: true });
  return directory;
}

describe('The service with DEMO_PROVIDER=true', () => {
  const taken = useServer((_req, res) => res.end());
  let server: ServerProcess | undefined;
  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  const banner = () => server?.lines.join('\n');
  const providersOf = async ({ url }: ServerProcess) =>
    ((await (await fetch(`${url}/login/providers`)).json()) as { providers: unknown[] }).providers;

  it.each(['1', '2'])('names the provider once it listens, with WEB_CONCURRENCY=%s', async (processes) => {
    const port = await freePort();
    const env = { DEMO_PROVIDER: 'true', DEMO_PROVIDER_PORT: String(port), WEB_CONCURRENCY: processes };
    const started = await startServer(newDirectory(), env);
    server = started;
    const provider = new Promise<void>((resolve) => {
      const look = () => banner()?.includes('Provider ') && resolve();
      started.child.stdout?.on('data', () => setImmediate(look));
      look();
    });

    await provider;

    expect((await fetch(`http://localhost:${port}/.well-known/openid-configuration`)).status).toBe(200);
    expect(await providersOf(started)).toMatchObject([{ id: 'demo' }]);
  });

  it('starts without naming the provider where its port is taken', async () => {
    const env = { DEMO_PROVIDER: 'true', DEMO_PROVIDER_PORT: String(taken.port()) };
    server = await startServer(newDirectory(), env);

    expect(banner()).toContain('API docs');
    expect(banner()).not.toContain('Provider ');
    expect(banner()).toContain(`port ${taken.port()} is taken. Set DEMO_PROVIDER_PORT to another`);
  });

  it('offers no provider where the development dependencies are not installed, and says so', async () => {
    const directory = withoutDevelopmentDependencies();
    server = await startServer(directory, { DEMO_PROVIDER: 'true' }, join(directory, 'dist/main.js'));

    expect(banner()).toContain('DEMO_PROVIDER has no effect: it needs the development dependencies');
    expect(banner()).not.toContain('Provider ');
    expect(await providersOf(server)).toEqual([]);
  });
});
