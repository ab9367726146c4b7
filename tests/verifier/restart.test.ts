import { describe, expect, it } from '@jest/globals';
import { runAdminHere } from '../support/admin-command.ts';
import { useDirectories } from '../support/directories.ts';
import { freePort } from '../support/mysql-server.ts';
import { startServer } from '../support/server-process.ts';
import { eventually } from '../support/several-processes.ts';
import { codeOf, useVerifiers } from '../support/verifiers.ts';

const SECRET = 'a-secret-of-the-test-suite-that-signs-nothing-else';
const PASSWORD = 'correct horse battery staple';

describe('A service that is killed and started again', () => {
  const newDirectory = useDirectories();
  const verifierWith = useVerifiers();

  it('makes its followers stale meanwhile, and fresh again with what was revoked while it was away', async () => {
    const directory = newDirectory();
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const env = { PORT: String(port), BCRYPT_COST: '4', JWT_SECRET: SECRET, JWT_ISSUER: url };
    const admin = (...args: string[]) => runAdminHere(directory, args, { input: `${PASSWORD}\n` });
    const post = async (path: string, body: object, token?: string) => {
      const headers = {
        'Content-Type': 'application/json',
        ...(token && { Authorization: `Bearer ${token}` }),
      };
      const response = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return (await response.json()) as Record<string, string>;
    };
    const logIn = async (email: string) =>
      (await post('/login', { email, password: PASSWORD })).access_token ?? '';

    const before = await startServer(directory, env);
    await admin('create-user', '--email', 'root@example.com', '--role', 'admin');
    await admin('create-user', '--email', 'gone@example.com');
    const [root, gone] = [await logIn('root@example.com'), await logIn('gone@example.com')];
    const client = await post('/admin/clients', { name: 'Posts', scope: 'revocations:read' }, root);
    const verifier = verifierWith({
      issuer: url,
      secret: SECRET,
      onError: () => {},
      revocations: {
        url: `${url}/revocations`,
        clientId: client.client_id ?? '',
        clientSecret: client.client_secret ?? '',
        maxLagSeconds: 2,
      },
    });
    const told: boolean[] = [];
    verifier.revocations?.onStale((isStale) => told.push(isStale));
    await verifier.ready();
    expect(await codeOf(() => verifier.verify(gone))).toBeUndefined();

    before.child.kill('SIGKILL');
    await before.exited;
    await eventually(
      () => told.length,
      (count) => count === 2,
    );
    expect(await codeOf(() => verifier.verify(root))).toBe('revocations_stale');
    await admin('revoke-sessions', '--email', 'gone@example.com');
    const after = await startServer(directory, env);
    await eventually(
      () => told.length,
      (count) => count === 3,
    );

    expect(verifier.revocations?.isStale).toBe(false);
    expect(await codeOf(() => verifier.verify(gone))).toBe('token_revoked');
    expect(await codeOf(() => verifier.verify(root))).toBeUndefined();
    await verifier.close();
    expect(await after.stop()).toBe(0);
  });
});
