import { randomUUID } from 'node:crypto';
import { createRevocationSet } from '../src/sessions/revocations.ts';

const REVOKED = 1_000_000;
const LOOK_UPS = 2_000_000;
const ROUNDS = 5;

/** Bytes in use after a collection; needs --expose-gc. */
function heapBytes(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Nanoseconds per call of `look`, and per turn of the same loop with a bare Set: the reference. */
function measure(look: (id: string) => boolean, ids: readonly string[]): number {
  const rounds: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    let found = 0;
    const begun = performance.now();
    for (let index = 0; index < LOOK_UPS; index++) if (look(ids[index % ids.length] ?? '')) found++;
    rounds.push(((performance.now() - begun) * 1e6) / LOOK_UPS);
    if (found > LOOK_UPS) throw new Error('unreachable, keeps the loop alive');
  }
  return median(rounds);
}

const expiresAt = new Date(Date.now() + 900_000);
const before = heapBytes();
const revocations = createRevocationSet();
for (let index = 0; index < REVOKED; index++) {
  revocations.add([{ kind: 'session', subjectId: randomUUID(), notBefore: null, expiresAt }]);
}
const megabytes = (heapBytes() - before) / 2 ** 20;

const probes: string[] = Array.from({ length: 100_000 }, () => randomUUID());
const reference = new Set<string>(Array.from({ length: REVOKED }, () => randomUUID()));
const iat = Math.floor(Date.now() / 1000);
const user = randomUUID();
const look = measure((sid) => revocations.isRevoked({ sid, sub: user, iat }), probes);
const bare = measure((id) => reference.has(id), probes);

console.log(`${REVOKED.toLocaleString('en')} revocations: ${megabytes.toFixed(0)} MB`);
console.log(
  `look-up: ${look.toFixed(0)} ns, ${(look / bare).toFixed(1)} x a bare Set.has (${bare.toFixed(0)} ns)`,
);
