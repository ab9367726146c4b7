/** A request as one of several processes answers it. */
export type Ask = (index: number) => PromiseLike<{ readonly status: number; readonly body: object }>;

/** Sends so many requests at once, and tells how many had which outcome: a status, with a code where that is a refusal. */
export async function outcomesOf(count: number, ask: Ask): Promise<Record<string, number>> {
  const answers = await Promise.all(Array.from({ length: count }, (_, index) => ask(index)));
  const outcomes: Record<string, number> = {};
  for (const { status, body } of answers) {
    const { code = '' } = body as { readonly code?: string };
    const outcome = `${status} ${status < 400 ? '' : code}`.trimEnd();
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
  }
  return outcomes;
}
