import { randomBytes } from 'node:crypto';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';
import { createTraffic, startGenerator } from './support/generator.ts';
import { answersPerSecond, requireStatus } from './support/outcomes.ts';
import { type Program, startLatchkey, startPeer } from './support/programs.ts';
import { answerOf } from './support/same-answer.ts';
import { latchkey } from './support/services.ts';
import { interleave } from './support/statistics.ts';

const CONNECTIONS = 16;

await runBenchmark('verify', measure);

/** GET /verify against the same bytes without a check, and against the same route as it is usually written. */
async function measure(run: Run): Promise<Figure[]> {
  const secret = randomBytes(48).toString('base64');
  const env = { JWT_SECRET: secret };
  const standard = await startLatchkey(run, env);
  const quiet = await startLatchkey(run, { ...env, LOG_LEVEL: 'warn' });
  const { template } = (await latchkey(standard, 1)).verify();
  const answer = await answerOf(standard, template);
  const bare = await startPeer(run, 'express.mjs', { ...answer, ROUTE: 'bare' });
  const usual = await startPeer(run, 'express.mjs', { ...answer, ROUTE: 'usual', SECRET: secret });

  const generator = startGenerator(run);
  const throughput = async (program: Program) => {
    const outcomes = await createTraffic(
      generator,
      program,
      template,
    )({
      pace: { connections: CONNECTIONS },
      warmUpMilliseconds: run.quick ? 20 : 300,
      measureMilliseconds: run.quick ? 50 : 1_200,
    });
    return answersPerSecond(requireStatus(outcomes, 200));
  };
  const rates = await interleave(run.quick ? 1 : 5, {
    standard: () => throughput(standard),
    bare: () => throughput(bare),
    quiet: () => throughput(quiet),
    usual: () => throughput(usual),
  });

  const unit = 'per second';
  const bareExpress = { reference: 'bare Express', to: rates.bare };
  const stringSecret = { reference: 'string secret', to: rates.usual };
  return [
    measured('bare Express route, same bytes, no check', unit, rates.bare),
    measured('jwt.verify(token, process.env.SECRET) in Express', unit, rates.usual),
    compared('GET /verify', unit, rates.standard, { ...bareExpress, target: { atLeast: 0.9 } }),
    compared('GET /verify', unit, rates.standard, { ...stringSecret, target: { atLeast: 4 } }),
    compared('GET /verify, LOG_LEVEL=warn', unit, rates.quiet, bareExpress),
  ];
}
