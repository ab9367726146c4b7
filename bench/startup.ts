import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';
import { interleave } from './support/statistics.ts';

const SERVER = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** The least a server in Node can be: the reference. */
const BARE = `const s = require('node:http').createServer((q, r) => r.end('ok')).listen(0, () => console.log('{"port":' + s.address().port + '}'))`;

await runBenchmark('startup', measure);

/** From the start of `node` to the first answered request. */
async function measure({ quick, defer }: Run): Promise<Figure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  defer(() => rmSync(directory, { recursive: true, force: true }));
  const used = mkdtempSync(join(directory, 'used-'));
  await firstAnswer([SERVER], used);

  const milliseconds = await interleave(quick ? 1 : 9, {
    bare: () => firstAnswer(['-e', BARE], directory),
    first: () => firstAnswer([SERVER], mkdtempSync(join(directory, 'new-'))),
    later: () => firstAnswer([SERVER], used),
  });
  const bare = { reference: 'bare node:http', to: milliseconds.bare };
  return [
    measured('start to first answer: bare node:http', 'ms', milliseconds.bare),
    compared(
      'start to first answer: first start, which creates the database',
      'ms',
      milliseconds.first,
      bare,
    ),
    compared('start to first answer: later start', 'ms', milliseconds.later, bare),
  ];
}

async function firstAnswer(args: readonly string[], cwd: string): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, {
    cwd,
    env: { PATH: process.env.PATH, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<number>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      // Before it listens, the log names the port that was asked for.
      const { port = 0 } = line.startsWith('{') ? JSON.parse(line) : {};
      if (port > 0) resolve(port);
    });
    child.on('exit', () => reject(new Error('the server did not start')));
  });
  const [response] = await once(get(`http://127.0.0.1:${port}/readyz`), 'response');
  response.resume();
  const elapsed = performance.now() - begun;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
  return elapsed;
}
