import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, linkSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from '@jest/globals';
import { useDirectories } from '../support/directories.ts';

describe('the generated secret', () => {
  const newDirectory = useDirectories();

  it('is 256 random bits', async () => {
    const first = await readInNewProcess(join(newDirectory(), 'jwt-secret'));
    const second = await readInNewProcess(join(newDirectory(), 'jwt-secret'));

    expect(Buffer.from(first, 'base64url')).toHaveLength(32);
    expect(first).toBe(Buffer.from(first, 'base64url').toString('base64url'));
    expect(first).not.toBe(second);
  });

  it('can be read by its owner alone, and so can the directory that is made for it', async () => {
    const directory = join(newDirectory(), 'data');
    const file = join(directory, 'jwt-secret');

    await readInNewProcess(file);

    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
  });

  it('is the same at the second start, so that no token becomes invalid', async () => {
    const file = join(newDirectory(), 'jwt-secret');
    const first = await readInNewProcess(file);

    expect(await readInNewProcess(file)).toBe(first);
    expect(readFileSync(file, 'utf8').trim()).toBe(first);
  });

  it('leaves nothing else behind in its directory', async () => {
    const directory = newDirectory();

    await readInNewProcess(join(directory, 'jwt-secret'));
    await readInNewProcess(join(directory, 'jwt-secret'));

    expect(readdirSync(directory)).toEqual(['jwt-secret']);
  });

  it('is the one an operator put there, without the line end of an editor', async () => {
    const file = join(newDirectory(), 'jwt-secret');
    writeFileSync(file, 'a secret that an operator has brought along\n');

    expect(await readInNewProcess(file)).toBe('a secret that an operator has brought along');
  });

  it('is never empty: a file without content is an error, since an empty secret is known to all', async () => {
    const file = join(newDirectory(), 'jwt-secret');
    writeFileSync(file, '\n');

    await expect(readInNewProcess(file)).rejects.toThrow(file);
  });

  it('outlives a process that died while making it and came back under the same id, as in a container', async () => {
    const file = join(newDirectory(), 'jwt-secret');
    const secret = await readInNewProcess(file);
    const restarted = await startProcess(file);
    // The first one ended after it had published the secret and before it had removed its draft.
    linkSync(file, `${file}.${restarted.pid}`);

    expect(await restarted.read()).toBe(secret);
    expect(readFileSync(file, 'utf8').trim()).toBe(secret);
  });

  it('is one and the same for twenty processes that start at once', async () => {
    const file = join(newDirectory(), 'data', 'jwt-secret');
    const processes = await Promise.all(Array.from({ length: 20 }, () => startProcess(file)));
    expect(existsSync(file)).toBe(false);

    const secrets = await Promise.all(processes.map(({ read }) => read()));

    expect(secrets).toHaveLength(20);
    expect(new Set(secrets)).toEqual(new Set([readFileSync(file, 'utf8').trim()]));
    expect(readdirSync(dirname(file))).toEqual(['jwt-secret']);
  });
});

async function readInNewProcess(file: string): Promise<string> {
  return (await startProcess(file)).read();
}

/** A process that has loaded the code and waits until it is told to read. */
async function startProcess(file: string) {
  const code = `
    const { readOrCreateSecrets } = await import(process.env.MODULE);
    process.once('message', () => {
      process.disconnect();
      process.stdout.write(readOrCreateSecrets(process.env.SECRET_FILE).join(' and '));
    });
    process.send('ready');`;
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', code], {
    env: {
      PATH: process.env.PATH,
      MODULE: new URL('../../src/core/tokens/secret-file.ts', import.meta.url).href,
      SECRET_FILE: file,
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')]);
  await once(child, 'message');
  return {
    pid: child.pid,
    async read(): Promise<string> {
      child.send('go');
      const [stdout, stderr, [exitCode]] = await output;
      if (exitCode !== 0) throw new Error(stderr);
      return stdout;
    },
  };
}

function textOf(stream: Readable | null): Promise<string> {
  return text(stream ?? Readable.from([]));
}
