import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const SERVER = fileURLToPath(new URL('../dist/server.js', import.meta.url));
/** The least a server in Node can be: the reference. */
const BARE = `const s = require('node:http').createServer((q, r) => r.end('ok')).listen(0, () => console.log('{"port":' + s.address().port + '}'))`;
const ROUNDS = 10;

/** Milliseconds from the start of `node` to the first answered request. */
async function firstAnswer(args: readonly string[], cwd: string): Promise<number> {
  const begun = performance.now();
  const child = spawn(process.execPath, args, { cwd, env: { PATH: process.env.PATH, PORT: '0' } });
  const port = await new Promise<number>((resolve) => {
    createInterface(child.stdout).on('line', (line) => {
      const found = line.startsWith('{') ? JSON.parse(line).port : undefined;
      if (found !== undefined) resolve(found);
    });
  });
  const [response] = await once(get(`http://127.0.0.1:${port}/readyz`), 'response');
  response.resume();
  const elapsed = performance.now() - begun;
  child.kill('SIGTERM');
  await once(child, 'close');
  return elapsed;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const firstStarts: number[] = [];
const laterStarts: number[] = [];
const bareStarts: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-bench-'));
  firstStarts.push(await firstAnswer([SERVER], directory));
  laterStarts.push(await firstAnswer([SERVER], directory));
  bareStarts.push(await firstAnswer(['-e', BARE], directory));
  rmSync(directory, { recursive: true });
}

const bare = median(bareStarts);
const row = (name: string, values: readonly number[]) =>
  console.log(
    `${name.padEnd(44)} ${median(values).toFixed(0).padStart(5)} ms  ${(median(values) / bare).toFixed(1)} x bare`,
  );
console.log(`start to first answered request, median of ${ROUNDS}, Node ${process.version}`);
row('bare node:http', bareStarts);
row('latchkey, first start (creates the database)', firstStarts);
row('latchkey, later start', laterStarts);
