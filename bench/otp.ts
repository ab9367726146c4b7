import { type Run, runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';
import { createTraffic, type Generator, startGenerator } from './support/generator.ts';
import { answersPerSecond, latenciesMilliseconds, requireStatus } from './support/outcomes.ts';
import { startLatchkey, startPeer } from './support/programs.ts';
import { interleave, quantile } from './support/statistics.ts';

const CONNECTIONS = 8;
const SLOW_MILLISECONDS = 2_000;
/** Each request is for an address of its own. */
const MANY = 10_000_000;

await runBenchmark('otp', measure);

/** Codes by mail that are accepted, with a mail server that takes two seconds a message and one that takes none. */
async function measure(run: Run): Promise<Figure[]> {
  const generate = startGenerator(run);
  const latencies = { slow: [] as number[], instant: [] as number[] };
  /** By a service of its own, which ends then: what it has still to send must not take time from the next. */
  const rate = async (delayMilliseconds: number, kept: number[]): Promise<number> => {
    const { traffic, stop } = await startService(run, generate, delayMilliseconds);
    const outcomes = await traffic({
      pace: { connections: CONNECTIONS },
      warmUpMilliseconds: run.quick ? 50 : 1_000,
      measureMilliseconds: run.quick ? 200 : 4_000,
    });
    stop();
    kept.push(...latenciesMilliseconds(requireStatus(outcomes, 202)));
    return answersPerSecond(outcomes);
  };
  const rates = await interleave(run.quick ? 1 : 7, {
    slow: () => rate(SLOW_MILLISECONDS, latencies.slow),
    instant: () => rate(0, latencies.instant),
  });

  return [
    measured('POST /otp, a mail server that takes no time', 'per second', rates.instant),
    compared('POST /otp, a mail server that takes 2 s a message', 'per second', rates.slow, {
      reference: 'no time',
      to: rates.instant,
      target: { atLeast: 0.95 },
    }),
    compared('the same: p99', 'ms', [quantile(latencies.slow, 0.99)], {
      reference: 'no time',
      to: [quantile(latencies.instant, 0.99)],
    }),
  ];
}

async function startService(run: Run, generate: Generator, delayMilliseconds: number) {
  const mail = await startPeer(run, 'mail-server.mjs', { DELAY_MILLISECONDS: String(delayMilliseconds) });
  const service = await startLatchkey(run, {
    SMTP_URL: `smtp://127.0.0.1:${mail.port}`,
    MAIL_FROM: 'no-reply@example.com',
  });
  const traffic = createTraffic(generate, service, {
    method: 'POST',
    path: '/otp',
    headers: {},
    body: JSON.stringify({ email: 'person-{{n}}@example.com' }),
    numbers: { first: 0, count: MANY, order: 'random' },
  });
  const stop = () => {
    for (const { pid } of [mail, service]) process.kill(pid, 'SIGKILL');
  };
  return { traffic, stop };
}
