import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, onEachDatabase, type TestDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { demandCleanLogs } from '../support/logs.ts';
import { aPerson, aUsername, type Person } from '../support/people.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

onEachDatabase((kind) => {
  describe('Two processes that share a database', () => {
    const newDirectory = useDirectories();
    let database: TestDatabase;
    let processes: ServerProcess[];

    beforeAll(async () => {
      database = await createTestDatabase(kind);
      const secret = 'one secret for both processes of this test';
      const env = {
        DATABASE_URL: database.url,
        MIGRATE_ON_START: 'true',
        BCRYPT_COST: '4',
        JWT_SECRET: secret,
      };
      processes = await Promise.all([startServer(newDirectory(), env), startServer(newDirectory(), env)]);
    });

    afterAll(async () => {
      await Promise.all(processes.map((server) => server.stop()));
      await database.drop();
      demandCleanLogs(processes.flatMap((server) => server.logLines()));
    });

    it('let exactly one of 100 parallel sign-ups with one email through, and tell the others 409', async () => {
      const person = aPerson();

      const answers = await signUpInParallel(Array.from({ length: 100 }, () => person));

      expect(count(answers)).toEqual({ '201': 1, '409 email_taken': 99 });
    });

    it('let exactly one of 100 parallel sign-ups with one username through', async () => {
      const username = aUsername();

      const answers = await signUpInParallel(Array.from({ length: 100 }, () => aPerson({ username })));

      expect(count(answers)).toEqual({ '201': 1, '409 username_taken': 99 });
    });

    it('let all of 200 parallel sign-ups with different emails through', async () => {
      const answers = await signUpInParallel(Array.from({ length: 200 }, () => aPerson()));

      expect(count(answers)).toEqual({ '201': 200 });
    });

    function signUpInParallel(people: readonly Person[]): Promise<string[]> {
      return Promise.all(people.map((person, index) => signUp(processes[index % 2]?.url ?? '', person)));
    }
  });
});

async function signUp(url: string, person: Person): Promise<string> {
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`${url}/signup`, { method: 'POST', headers, body: JSON.stringify(person) });
  const { code } = (await response.json()) as { code?: string };
  return code === undefined ? String(response.status) : `${response.status} ${code}`;
}

function count(answers: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const answer of answers) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}
