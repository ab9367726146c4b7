import type { RequestTemplate } from './load/load.ts';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { cpuMilliseconds } from './support/cpu.ts';
import { compared, type Figure } from './support/figures.ts';
import { createTraffic, startGenerator } from './support/generator.ts';
import { requireStatus } from './support/outcomes.ts';
import { type Program, startLatchkey, startPeer } from './support/programs.ts';
import { latchkey } from './support/services.ts';
import { interleave } from './support/statistics.ts';

const CONNECTIONS = 16;
const OFTEN = '999999999/86400';
/** Of the connection or of the moment, so not for a peer to repeat. */
const NOT_REPEATED = ['connection', 'content-length', 'date', 'keep-alive'];

interface Exchange {
  readonly name: string;
  readonly template: RequestTemplate;
  readonly status: number;
  /** How many times what bare Express costs. */
  readonly atMost: number;
}

await runBenchmark('pipeline', measure);

/** What all routes share, as CPU time of the main thread, against a bare Express route that sends the same bytes. */
async function measure(run: Run): Promise<Figure[]> {
  const service = await startLatchkey(run, {
    RATE_LIMITS: 'on',
    RATE_LIMIT_SIGNUP_IP: OFTEN,
    RATE_LIMIT_TOKEN: OFTEN,
  });
  const { template: verify } = (await latchkey(service, 1)).verify();
  const exchanges: readonly Exchange[] = [
    {
      name: 'GET /healthz',
      template: { method: 'GET', path: '/healthz', headers: {} },
      status: 200,
      atMost: 2,
    },
    // By this method it does not go the short way of gateways, and asks no database.
    { name: 'with a token', template: { ...verify, method: 'POST' }, status: 200, atMost: 2 },
    { name: '404', template: { method: 'GET', path: '/nowhere', headers: {} }, status: 404, atMost: 2 },
    {
      name: 'GET /sign-in',
      template: { method: 'GET', path: '/sign-in', headers: { accept: 'text/html' } },
      status: 200,
      atMost: 2,
    },
    { name: '401', template: { method: 'GET', path: '/sessions', headers: {} }, status: 401, atMost: 2 },
  ];
  const answers = [];
  for (const { template } of exchanges) answers.push(await answerOf(service, template));
  const bare = await startPeer(run, 'same-bytes.mjs', { ANSWERS: JSON.stringify(answers) });

  const generator = startGenerator(run);
  const cost =
    (program: Program, { template, status }: Exchange) =>
    async () => {
      const send = createTraffic(generator, program, template);
      const load = (milliseconds: number) =>
        send({
          pace: { connections: CONNECTIONS },
          warmUpMilliseconds: 0,
          measureMilliseconds: milliseconds,
        });
      await load(run.quick ? 10 : 150);
      const before = cpuMilliseconds(program.pid);
      const outcomes = requireStatus(await load(run.quick ? 60 : 600), status);
      return (1000 * (cpuMilliseconds(program.pid) - before)) / outcomes.length;
    };
  const figures: Figure[] = [];
  for (const exchange of exchanges) {
    const { own, peer } = await interleave(run.quick ? 1 : 5, {
      own: cost(service, exchange),
      peer: cost(bare, exchange),
    });
    const reference = {
      reference: 'bare Express, same bytes',
      to: peer,
      target: { atMost: exchange.atMost },
    };
    figures.push(compared(`pipeline: ${exchange.name}`, 'µs', own, reference));
  }
  return figures;
}

/** What a peer needs to give the same answer. */
async function answerOf({ port }: Program, { method, path, headers }: RequestTemplate) {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
  const repeated = [...response.headers].filter(([name]) => !NOT_REPEATED.includes(name));
  const isJson = response.headers.get('content-type')?.includes('json');
  const body: unknown = await (isJson ? response.json() : response.text());
  return { method, path, status: response.status, headers: Object.fromEntries(repeated), body };
}
