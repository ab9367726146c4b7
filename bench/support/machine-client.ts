import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { askForJson, bearer, postJson } from './http.ts';
import type { Program } from './programs.ts';

const ADMIN = fileURLToPath(new URL('../../dist/cli/admin.js', import.meta.url));
const email = 'root@example.com';
const password = 'correct horse battery staple';

export interface MachineClient {
  readonly id: string;
  readonly secret: string;
}

/** A machine client with that permission, made as an operator makes one: by an administrator of the command line. */
export async function createMachineClient(program: Program, scope: string): Promise<MachineClient> {
  const args = [ADMIN, 'create-user', '--email', email, '--role', 'admin'];
  const creating = promisify(execFile)(process.execPath, args, {
    cwd: program.directory,
    env: { PATH: process.env.PATH, ...program.env },
  });
  creating.child.stdin?.end(`${password}\n`);
  await creating;
  const { access_token } = await postJson<{ access_token: string }>(program, '/login', { email, password });
  const body = { name: 'Benchmark', scope };
  const client = await postJson<{ client_id: string; client_secret: string }>(
    program,
    '/admin/clients',
    body,
    bearer(access_token),
  );
  return { id: client.client_id, secret: client.client_secret };
}

/** An access token of a machine client (RFC 6749 section 4.4). */
export async function issueTo({ id, secret }: MachineClient, program: Program): Promise<string> {
  const { access_token } = await askForJson<{ access_token: string }>(program, '/oauth/token', {
    method: 'POST',
    headers: { Authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  return access_token;
}
