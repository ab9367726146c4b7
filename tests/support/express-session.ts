import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { examplePath } from './example-file.ts';
import { collectOutput } from './output.ts';

const TSX = fileURLToPath(new URL('../../node_modules/.bin/tsx', import.meta.url));

/** Runs examples/express-session until it listens. */
export async function startExpressSession(env: Record<string, string>) {
  const child = spawn(TSX, [join(examplePath('express-session'), 'server.ts')], {
    env: { PATH: process.env.PATH ?? '', PORT: '0', ...env },
  });
  const output = collectOutput(child);
  const ended = once(child, 'close');
  const urlOf = () => output.stdout.match(/^The service is at (http:\S+)\n/)?.[1];
  while (urlOf() === undefined) {
    await Promise.race([once(child.stdout, 'data'), ended]);
    if (child.exitCode !== null) throw new Error(`the service ended: ${output.stderr}`);
  }
  return {
    url: urlOf() ?? '',
    output,
    async stop() {
      child.kill();
      await ended;
    },
  };
}
