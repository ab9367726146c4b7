import type { Response, Test } from 'supertest';

export interface TimedResponse {
  readonly response: Response;
  readonly milliseconds: number;
}

/** Sends a request, and measures how long the answer took. */
export async function timed(request: Test): Promise<TimedResponse> {
  const begunAt = performance.now();
  const response = await request;
  return { response, milliseconds: performance.now() - begunAt };
}
