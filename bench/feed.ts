import { setTimeout as sleep } from 'node:timers/promises';
import { type AuthService, signUp, startAuthService, startVerifyingService } from './support/auth-service.ts';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { besideRevocations } from './support/beside-revocations.ts';
import { type Figure, measured } from './support/figures.ts';
import { type Line, openLine } from './support/http.ts';
import { useMysql } from './support/mysql.ts';
import { quantile } from './support/statistics.ts';
import { waitingFollowers } from './support/waiting-followers.ts';

/** A follower asks eight times a second where one revocation follows another, and the lag of a lone one is wanted here. */
const ROUND_MILLISECONDS = 130;
/** So that no round keeps step with what the service does ten times a second. */
const JITTER_MILLISECONDS = 50;
const PATIENCE_MILLISECONDS = 15_000;
/** The least that a verifier can be told. */
const SHORT_LAG_SECONDS = 2;

await runBenchmark('feed', measure);

/** How soon another service knows of a revocation, and the cost of many followers. */
async function measure(run: Run): Promise<Figure[]> {
  const mysql = await useMysql(run, { innodb_flush_log_at_trx_commit: 1 });
  const alone = await startAuthService(run, mysql, 1);
  // Before anything else uses the database.
  const waiting = await waitingFollowers(run, mysql, alone);
  const several = await startAuthService(run, mysql, 2);
  const lags = await revocationLags(run, alone, several);
  const ended = await killed(run, alone);
  return [...lags, ...ended, ...waiting, ...(await besideRevocations(run, mysql))];
}

/** From the answer to a logout until another service refuses the token. */
async function revocationLags(run: Run, alone: AuthService, several: AuthService): Promise<Figure[]> {
  const staleness = { maxLagSeconds: 10, whenStale: 'refuse' } as const;
  const [besideAlone, besideSeveral] = await Promise.all(
    [alone, several].map(async (service) => openLine(await startVerifyingService(run, service, staleness))),
  );
  if (besideAlone === undefined || besideSeveral === undefined) throw new Error('unreachable');
  const logout = openLine(alone);
  // Connections are handed to the processes in turn, so these are with one each. A follower may change from answer to
  // answer, so which of them it waits at cannot be chosen.
  const logouts = [openLine(several), openLine(several)];

  // At the same time, since a connection that is not used is closed.
  const [milliseconds, ofEither] = await Promise.all([
    repeat(run, () => revocationLag(alone, logout, besideAlone)),
    repeat(run, () => revocationLag(several, logouts[Math.random() < 0.5 ? 0 : 1] ?? logout, besideSeveral)),
  ]);
  for (const line of [besideAlone, besideSeveral, logout, ...logouts]) line.close();

  return [
    ...toFigures('a logout, until another service refuses the token', milliseconds),
    ...toFigures('a logout in either of 2 processes, until the same', ofEither),
  ];
}

async function repeat({ quick }: Run, measureOnce: () => Promise<number>): Promise<number[]> {
  const measured: number[] = [];
  for (let round = 0; round < (quick ? 3 : 200); round++) {
    const pause = sleep(quick ? 0 : ROUND_MILLISECONDS + Math.random() * JITTER_MILLISECONDS);
    measured.push(await measureOnce());
    await pause;
  }
  return measured;
}

async function revocationLag(service: AuthService, logout: Line, other: Line): Promise<number> {
  const token = await signUp(service);
  requireStatus(await other.ask('GET', '/', token), 200);
  requireStatus(await logout.ask('POST', '/logout', token), 204);
  return untilStatus(other, token, 401);
}

/** How services that can no longer follow behave. */
async function killed(run: Run, service: AuthService): Promise<Figure[]> {
  const maxLagSeconds = SHORT_LAG_SECONDS;
  const [refusing, accepting] = await Promise.all(
    (['refuse', 'accept'] as const).map(async (whenStale) =>
      openLine(await startVerifyingService(run, service, { maxLagSeconds, whenStale })),
    ),
  );
  if (refusing === undefined || accepting === undefined) throw new Error('unreachable');
  const token = await signUp(service);
  for (const line of [refusing, accepting]) requireStatus(await line.ask('GET', '/', token), 200);
  process.kill(service.pid, 'SIGKILL');
  const until = sleep(maxLagSeconds * 1000 + 100);
  const milliseconds = await untilStatus(refusing, token, 503);
  await until;
  requireStatus(await refusing.ask('GET', '/', token), 503);
  requireStatus(await accepting.ask('GET', '/', token), 200);
  for (const line of [refusing, accepting]) line.close();
  const name = `the service killed, until another one refuses all tokens (maxLagSeconds ${maxLagSeconds})`;
  return [measured(name, 'ms', [milliseconds], { atMost: 2_500 })];
}

/** Asks again and again, as fast as it is answered: milliseconds until that status comes in place of 200. */
async function untilStatus(line: Line, token: string, wanted: number): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const status = await line.ask('GET', '/', token);
    const elapsed = performance.now() - begun;
    if (status === wanted) return elapsed;
    requireStatus(status, 200);
    if (elapsed > PATIENCE_MILLISECONDS) throw new Error(`no ${wanted} in ${PATIENCE_MILLISECONDS} ms`);
  }
}

function requireStatus(status: number, wanted: number): void {
  if (status !== wanted) throw new Error(`expected ${wanted}, got ${status === 0 ? 'no answer' : status}`);
}

function toFigures(name: string, milliseconds: readonly number[]): Figure[] {
  return [
    measured(name, 'ms', milliseconds, { atMost: 100 }),
    measured(`${name}: p99`, 'ms', [quantile(milliseconds, 0.99)], { atMost: 1000 }),
  ];
}
