import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { VARIABLES } from '../../src/config/variables.ts';
import { EVENT_TYPES } from '../../src/core/audit/audit.ts';
import { ERRORS } from '../../src/core/errors.ts';
import { useDirectories } from '../support/directories.ts';
import { freePort } from '../support/mysql-server.ts';
import { openShell, QUICK } from '../support/posts-service.ts';
import { type ServerProcess, startServer } from '../support/server-process.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(`${ROOT}docs/factors.md`, 'utf8');

function blocks(language: string): string[] {
  return [...PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n(.+?)^\`\`\`$`, 'gms'))].map(
    ([, code = '']) => code,
  );
}

describe('docs/factors.md', () => {
  const newDirectory = useDirectories();

  describe('Its commands', () => {
    let server: ServerProcess;
    beforeAll(async () => {
      const port = await freePort();
      server = await startServer(newDirectory(), {
        ...QUICK,
        PORT: String(port),
        PUBLIC_URL: `http://localhost:${port}`,
      });
    });
    afterAll(() => server.stop());

    it('set an authenticator app up and sign in with it when pasted from top to bottom', async () => {
      const shell = openShell(ROOT, {});
      const answers: Record<string, unknown>[] = [];
      for (const command of blocks('sh')) {
        const here = command.replaceAll('http://localhost:3000', `http://localhost:${server.port}`);
        answers.push(JSON.parse(await shell.run(here)));
      }
      await shell.close();
      const [confirmed = {}, challenge = {}, signedIn = {}] = answers;
      const [shownConfirmation, shownChallenge] = blocks('json').map((text) => JSON.parse(text));

      expect(answers).toHaveLength(3);
      expect(Object.keys(confirmed)).toEqual(Object.keys(shownConfirmation));
      expect(Object.keys(confirmed.factor as object)).toEqual(Object.keys(shownConfirmation.factor));
      expect(confirmed.recovery_codes).toHaveLength(10);
      expect(Object.keys(challenge)).toEqual(Object.keys(shownChallenge));
      const { title, status, code, methods, expires_in } = shownChallenge;
      expect(challenge).toMatchObject({ title, status, code, methods, expires_in });
      expect(signedIn).toMatchObject({ user: { email: 'hedy@example.com' }, token_type: 'Bearer' });
    });
  });

  it('names codes with their status', () => {
    const rows = [...PAGE.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)];

    expect(rows).toHaveLength(9);
    for (const [, code = '', status] of rows)
      expect([code, ERRORS[code as keyof typeof ERRORS]?.status]).toEqual([code, Number(status)]);
  });

  it('names variables with their default', () => {
    const rows = [...PAGE.matchAll(/^\| `([A-Z_]+)` \| `([^`]+)` \|/gm)];

    expect(rows).toHaveLength(4);
    for (const [, name = '', value] of rows) {
      const variable = VARIABLES[name as keyof typeof VARIABLES];
      expect([name, 'default' in variable && variable.default]).toEqual([name, value]);
    }
  });

  it('names every event of second factors', () => {
    const named = EVENT_TYPES.filter((type) => /^(factors?|recovery_codes?|device)\.|challenged$/.test(type));

    expect(named.filter((type) => !PAGE.includes(`\`${type}\``))).toEqual([]);
  });
});
