import type { Response } from 'supertest';

/** How many of the answers had which status. */
export function statusCounts(answers: readonly Response[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Waits as long as the Retry-After of a refusal has it. */
export function waitFor({ headers }: Response): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, Number(headers['retry-after']) * 1000);
  });
}
