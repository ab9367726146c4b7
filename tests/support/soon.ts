import type { Response, Test } from 'supertest';

/** The service itself gives up after a fraction of a second; the rest is for a machine that is busy with other tests. */
const GENEROUS_MILLISECONDS = 20_000;

/** Sends a request that must be answered while something is unavailable, which it is until the test brings it back. */
export async function soon(request: Test): Promise<Response> {
  return await request.timeout(GENEROUS_MILLISECONDS);
}
