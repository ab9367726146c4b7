import { setTimeout as sleep } from 'node:timers/promises';
import type { RowDataPacket } from 'mysql2/promise';
import { type AuthService, signUp } from './auth-service.ts';
import type { Run } from './benchmark.ts';
import { compared, type Figure, measured } from './figures.ts';
import { askForJson, bearer, type Line, openLine } from './http.ts';
import { issueTo } from './machine-client.ts';
import { growthMegabytes, watchMemory } from './memory.ts';
import type { Mysql } from './mysql.ts';
import { median } from './statistics.ts';

const WAIT_SECONDS = 50;
/** No more connect at once than the operating system lets wait to be accepted. */
const BATCH = 100;
const BATCH_MILLISECONDS = 50;

/**
 * What it takes that many wait for the next revocation, each over a connection of its own. The table is read ten times a
 * second for all of them together, so one costs the database as much as a thousand.
 */
export async function waitingFollowers(run: Run, mysql: Mysql, service: AuthService): Promise<Figure[]> {
  const count = run.quick ? 20 : 1_000;
  const memory = watchMemory(run, service.pid);
  const token = await issueTo(service.client, service);
  const { cursor } = await askForJson<{ cursor: string }>(service, '/revocations', {
    headers: bearer(token),
  });
  const path = `/revocations?after=${cursor}&wait=${WAIT_SECONDS}`;

  const lines: Line[] = [];
  const answers: Promise<number>[] = [];
  let answered = 0;
  const follow = async (total: number) => {
    while (lines.length < total) {
      const line = openLine(service);
      lines.push(line);
      answers.push(line.ask('GET', path, token).finally(() => answered++));
      if (lines.length % BATCH === 0) await sleep(BATCH_MILLISECONDS);
    }
    await sleep(run.quick ? 100 : 1_000);
  };
  const observe = async () => {
    const begunAt = Date.now();
    const queries = await countQueries(mysql, run.quick ? 600 : 3_000);
    if (answered > 0) throw new Error('a follower was answered though nothing was revoked');
    const samples = memory.filter(({ at }) => at >= begunAt).map(({ megabytes }) => megabytes);
    return { queriesPerSecond: queries, megabytes: median(samples) };
  };
  await follow(1);
  const one = await observe();
  await follow(count);
  const many = await observe();

  const person = openLine(service);
  const personsToken = await signUp(service);
  const begun = performance.now();
  await person.ask('POST', '/logout', personsToken);
  if ((await Promise.all(answers)).some((status) => status !== 200))
    throw new Error('a follower was refused');
  const woken = performance.now() - begun;
  for (const line of [person, ...lines]) line.close();

  const followers = `${count.toLocaleString('en')} waiting followers`;
  const queries = { reference: '1 follower', to: [one.queriesPerSecond], target: { atMost: 1.1 } };
  return [
    measured('1 waiting follower: database queries', 'per second', [one.queriesPerSecond]),
    compared(`${followers}: database queries`, 'per second', [many.queriesPerSecond], queries),
    measured(`${followers}: memory`, 'MB', [growthMegabytes(one.megabytes, many.megabytes)], { atMost: 100 }),
    measured(`${followers}: from a logout until all know of it`, 'ms', [woken]),
  ];
}

/** Queries a second of all clients: nothing else may use the database server meanwhile. */
async function countQueries({ administrator }: Mysql, milliseconds: number): Promise<number> {
  const read = async () => {
    const [rows] = await administrator.query<RowDataPacket[]>("SHOW GLOBAL STATUS LIKE 'Questions'");
    return { queries: Number(rows[0]?.Value), at: performance.now() };
  };
  const before = await read();
  await sleep(milliseconds);
  const after = await read();
  // One of them is the one that counts.
  return ((after.queries - before.queries - 1) * 1000) / (after.at - before.at);
}
