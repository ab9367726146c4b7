import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { addTotp } from '../support/factors.ts';
import { comparable } from '../support/guessing.ts';
import { CANARY } from '../support/logs.ts';
import { aPerson, signUp } from '../support/people.ts';
import { statementsDuring } from '../support/queries.ts';

describe('Until the first factor is right', () => {
  const app = useApp('SQLite');

  it('an account with a second factor, one without and none at all are answered alike, after the same statements', async () => {
    const [without, withOne] = [await signUp(app), await signUp(app)];
    await addTotp(app, withOne.token);
    const seen: unknown[] = [];
    for (const { email } of [without, withOne, aPerson()]) {
      const send = () => app.post('/login').send({ email, password: `${CANARY} wrong` });
      // The first of a connection prepares its statements.
      await send();
      let answer: unknown;
      const statements = await statementsDuring(app, async () => {
        answer = comparable(await send().expect(401));
      });
      seen.push({
        answer,
        statements: statements.map((statement) => statement.replaceAll(/'[^']*'|NULL/g, '?')),
      });
    }

    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
  });
});
