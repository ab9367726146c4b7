import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { useDirectories } from '../support/directories.ts';
import { freePort } from '../support/mysql-server.ts';
import { ADMIN, openShell, POSTS_SERVICE, QUICK, startPosts } from '../support/posts-service.ts';
import { startServer } from '../support/server-process.ts';
import { readStartBlock } from '../support/start-block.ts';

describe('The README of examples/posts-service', () => {
  const newDirectory = useDirectories();
  const stops: (() => Promise<unknown>)[] = [];
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
  });

  it('has commands that lead from the sign-up to a refused request when pasted from top to bottom', async () => {
    const page = readFileSync(join(POSTS_SERVICE, 'README.md'), 'utf8');
    const commands = [...page.matchAll(/```sh\n([^`]+)```/g)].map(([, command = '']) => command);
    const [startLatchkey, admin = '', role = '', client = '', startService, ...walk] = commands;
    const directory = newDirectory();
    const serviceDirectory = join(directory, 'examples/posts-service');
    mkdirSync(serviceDirectory, { recursive: true });

    const shell = openShell(directory, QUICK);
    stops.push(shell.close);
    const { before, env } = readStartBlock(startLatchkey ?? '');
    await shell.run(before);
    const latchkey = await startServer(directory, { ...QUICK, PORT: String(await freePort()), ...env });
    stops.push(latchkey.stop);
    const latchkeyUrl = `http://localhost:${latchkey.port}`;
    let postsUrl = '';
    const paste = (command: string) =>
      shell.run(
        command
          .replaceAll('http://localhost:3000', latchkeyUrl)
          .replaceAll('http://localhost:4000', postsUrl)
          .replaceAll('npm run --silent admin --', ADMIN),
      );

    expect(await paste(admin)).toContain('root@example.com has been created with the roles admin, user');
    expect(await paste(role)).toMatch(/"name":"posts:read".*"name":"posts:write".*"name":"author"/s);
    expect(await paste(client)).toBe('');

    expect(startService).toBe('npm start --workspace posts-service\n');
    const posts = await startPosts(serviceDirectory, { LATCHKEY_URL: latchkeyUrl });
    stops.push(posts.stop);
    postsUrl = posts.url;

    const answers: string[] = [];
    for (const command of walk) answers.push(await paste(command));
    const [author, written, refused, another, deleted, loggedOut] = answers;
    expect(author).toContain('"roles":["author","user"]');
    expect(written).toContain('"posts":[{"id":');
    expect(written).toContain('"text":"It was on a dreary night of November."');
    expect(refused).toMatch(/^HTTP\/1.1 403 .*scope="posts:read".*"code":"insufficient_scope"/s);
    expect(another).toMatch(/\{"posts":\[\],"next_cursor":null\}.*"status":404,.*"code":"post_not_found"/s);
    expect(deleted).toMatch(/^HTTP\/1.1 204 /);
    expect(loggedOut).toMatch(/^HTTP\/1.1 401 .*error="invalid_token".*"code":"token_revoked"/s);
    expect(answers).toHaveLength(6);
    expect(statSync(join(serviceDirectory, '.env')).mode & 0o077).toBe(0);
    expect(await posts.stop()).toMatchObject({ exitCode: 0, stderr: '' });
  });
});
