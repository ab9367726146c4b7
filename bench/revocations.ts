import { randomUUID } from 'node:crypto';
import { createRevocationSet } from '@latchkey/verifier/core';
import { type Run, runBenchmark } from './support/benchmark.ts';
import { compared, type Figure, measured } from './support/figures.ts';
import { bytesInUse, exposeGarbageCollector } from './support/memory.ts';
import { interleave } from './support/statistics.ts';

const PROBES = 100_000;

await runBenchmark('revocations', measure);

/** The set that every verified token is looked up in, full, against a bare Set of as many ids. */
async function measure({ quick }: Run): Promise<Figure[]> {
  const revoked = quick ? 10_000 : 1_000_000;
  const lookUps = quick ? 10_000 : 2_000_000;
  const collectGarbage = exposeGarbageCollector();

  const expiresAt = new Date(Date.now() + 900_000);
  const before = bytesInUse(collectGarbage);
  const revocations = createRevocationSet();
  for (let index = 0; index < revoked; index++) {
    revocations.add([{ kind: 'session', subjectId: randomUUID(), notBefore: null, expiresAt }]);
  }
  const megabytes = (bytesInUse(collectGarbage) - before) / 2 ** 20;
  const reference = new Set(Array.from({ length: revoked }, () => randomUUID() as string));

  const probes: string[] = Array.from({ length: PROBES }, () => randomUUID());
  const iat = Math.floor(Date.now() / 1000);
  const sub = randomUUID();
  const nanoseconds = await interleave(quick ? 1 : 5, {
    set: async () => timeEach(lookUps, probes, (sid) => revocations.isRevoked({ sid, sub, iat })),
    bare: async () => timeEach(lookUps, probes, (id) => reference.has(id)),
  });
  const count = revoked.toLocaleString('en');
  const bareSet = { reference: 'bare Set', to: nanoseconds.bare };
  return [
    measured(`Set of ${count} ids: look-up`, 'ns', nanoseconds.bare),
    compared(`${count} revocations: look-up of a token`, 'ns', nanoseconds.set, bareSet),
    measured(`${count} revocations: memory`, 'MB', [megabytes]),
  ];
}

/** Nanoseconds for one call of `look`, with the loop around it. */
function timeEach(times: number, ids: readonly string[], look: (id: string) => boolean): number {
  let found = 0;
  const begun = performance.now();
  for (let index = 0; index < times; index++) if (look(ids[index % ids.length] ?? '')) found++;
  const elapsed = performance.now() - begun;
  if (found > times) throw new Error('unreachable, keeps the loop alive');
  return (elapsed * 1e6) / times;
}
