import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Result, resultFile, writeJson } from './support/benchmark.ts';
import { meetsTarget } from './support/figures.ts';
import { LATEST, type Latest } from './support/latest.ts';
import { describeMachine } from './support/machine.ts';

const ALL = [
  'startup',
  'verify',
  'pipeline',
  'first-paint',
  'verifier',
  'logins',
  'flood',
  'million-users',
  'import',
  'better-auth',
  'cookies',
  'otp',
  'revocations',
  'feed',
  'clients',
];

/** Runs the benchmarks that are named, or all of them, each in a process of its own, one after another. */
const machine = describeMachine();
if (machine.loadBefore > 0.5) {
  console.error(`*** This machine is busy (load ${machine.loadBefore}): the figures will be off. ***`);
}
const begun = performance.now();
const given = process.argv.slice(2);
const chosen = given.filter((argument) => !argument.startsWith('--'));
const options = given.filter((argument) => argument.startsWith('--'));
const names = chosen.length > 0 ? chosen : ALL;
const figures = [];
for (const name of names) {
  const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, ...options], { stdio: 'inherit' });
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
console.log(
  `\n${names.length} benchmark${names.length === 1 ? '' : 's'} in ${seconds} s, ${missed} targets missed`,
);
// The documentation shows one whole run.
if (given.length === 0 && process.exitCode === undefined) {
  writeJson(LATEST, { date: new Date().toISOString(), machine, seconds, figures } satisfies Latest);
  console.log(`Written to ${LATEST}`);
}
