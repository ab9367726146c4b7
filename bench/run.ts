import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Result, resultFile, writeJson } from './support/benchmark.ts';
import { meetsTarget } from './support/figures.ts';
import { LATEST } from './support/latest.ts';
import { describeMachine } from './support/machine.ts';

const ALL = ['startup', 'verify', 'logins', 'million-users', 'better-auth', 'revocations'];

/** Runs the benchmarks that are named, or all of them, each in a process of its own, one after another. */
const begun = performance.now();
const names = process.argv.length > 2 ? process.argv.slice(2) : ALL;
const figures = [];
for (const name of names) {
  const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script], { stdio: 'inherit' });
  const [exitCode] = await once(child, 'close');
  if (exitCode === 0) {
    const result = JSON.parse(readFileSync(resultFile(name), 'utf8')) as Result;
    figures.push(...result.figures);
  } else {
    console.error(`\n*** ${name} ended with exit code ${exitCode} ***`);
    process.exitCode = 1;
  }
}

const seconds = Math.round((performance.now() - begun) / 1000);
const missed = figures.filter((figure) => meetsTarget(figure) === false).length;
writeJson(LATEST, { date: new Date().toISOString(), machine: describeMachine(), seconds, figures });
console.log(`\n${names.length} benchmarks in ${seconds} s, ${missed} targets missed. Written to ${LATEST}`);
