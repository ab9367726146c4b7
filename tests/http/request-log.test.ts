import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { CANARY } from '../support/logs.ts';

onEachDatabase((kind) => {
  describe('The log line of a request', () => {
    const app = useApp(kind);

    it.each([
      [`/me?access_token=${CANARY}`, '/me'],
      [`/me%3Faccess_token=${CANARY}`, null],
      [`/me;access_token=${CANARY}`, null],
      [`/sessions/${CANARY}`, '/sessions/:id'],
      [`/${CANARY}`, null],
    ])('has for %s the route %s and nothing of what stood in the path', async (path, route) => {
      const linesBefore = app.logs.lines.length;
      await app.get(path);

      const [entry] = app.logs.entries().slice(linesBefore);
      expect(entry).toMatchObject({ req: { method: 'GET' }, route });
      expect(JSON.stringify(entry)).not.toContain(CANARY);
    });
  });
});
