import type { Response, Test } from 'supertest';

/** The service waits a fraction of a second for what is away; the room is for a machine that is busy with other tests. */
const GENEROUS_MILLISECONDS = 20_000;

/** Sends a request that has to be answered while something is away, which stays away until the test gives it back. */
export async function soon(request: Test): Promise<Response> {
  return await request.timeout(GENEROUS_MILLISECONDS);
}
