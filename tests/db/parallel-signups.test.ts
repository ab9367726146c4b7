import { describe, expect, it } from '@jest/globals';
import { onEachDatabase } from '../support/databases.ts';
import { times } from '../support/extent.ts';
import { aPerson, aUsername, type Person } from '../support/people.ts';
import { useTwoProcesses } from '../support/two-processes.ts';

const FOR_THE_SAME = times(16, 100);
const FOR_OTHERS = times(30, 200);

/** Hashing hundreds of passwords takes its time. */
const LONG_TEST_MILLISECONDS = 180_000;

onEachDatabase((kind) => {
  describe('Two processes that share a database, whose threads are all busy hashing', () => {
    // All of them at once are more than the queue takes; here none is to be turned away.
    const servers = useTwoProcesses(kind, { BCRYPT_COST: '8', HASH_MAX_WAIT_MS: '60000' });

    it(
      `let exactly one of ${FOR_THE_SAME} parallel sign-ups with one email through, and tell the others 409`,
      async () => {
        const person = aPerson();

        const answers = await signUpInParallel(Array.from({ length: FOR_THE_SAME }, () => person));

        expect(count(answers)).toEqual({ '201': 1, '409 email_taken': FOR_THE_SAME - 1 });
      },
      LONG_TEST_MILLISECONDS,
    );

    it(
      `let exactly one of ${FOR_THE_SAME} parallel sign-ups with one username through`,
      async () => {
        const username = aUsername();

        const answers = await signUpInParallel(
          Array.from({ length: FOR_THE_SAME }, () => aPerson({ username })),
        );

        expect(count(answers)).toEqual({ '201': 1, '409 username_taken': FOR_THE_SAME - 1 });
      },
      LONG_TEST_MILLISECONDS,
    );

    it(
      `let all of ${FOR_OTHERS} parallel sign-ups with different emails through`,
      async () => {
        const answers = await signUpInParallel(Array.from({ length: FOR_OTHERS }, () => aPerson()));

        expect(count(answers)).toEqual({ '201': FOR_OTHERS });
      },
      LONG_TEST_MILLISECONDS,
    );

    it('stay ready while they hash as fast as they can', async () => {
      const signups = signUpInParallel(Array.from({ length: FOR_OTHERS }, () => aPerson()));

      const readiness = await Promise.all([0, 1].map((index) => servers.send(index, 'GET', '/readyz')));

      expect(readiness.map(({ status }) => status)).toEqual([200, 200]);
      await signups;
    });

    function signUpInParallel(people: readonly Person[]): Promise<string[]> {
      return Promise.all(people.map((person, index) => signUp(index, person)));
    }

    async function signUp(index: number, person: Person): Promise<string> {
      const { status, body } = await servers.send(index, 'POST', '/signup', { body: person });
      return body.code === undefined ? String(status) : `${status} ${body.code}`;
    }
  });
});

function count(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}
