import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { describeService } from '../../src/app.ts';
import { anAdmin } from '../support/admins.ts';
import { useApp } from '../support/app.ts';
import { onEachDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';
import { signUpWith } from '../support/roles.ts';

const NEWMAN = fileURLToPath(import.meta.resolve('newman/bin/newman.js'));
const COLLECTION = fileURLToPath(new URL('../../postman/latchkey.postman_collection.json', import.meta.url));

interface Report {
  readonly run: {
    readonly failures: readonly { readonly error: { readonly message: string } }[];
    readonly executions: readonly {
      readonly item: { readonly name: string };
      readonly response: { readonly code: number };
    }[];
  };
}

onEachDatabase((kind) => {
  describe('The Postman collection', () => {
    const app = useApp(kind);
    const newDirectory = useDirectories();

    async function runNewman(...options: string[]) {
      const report = join(newDirectory(), 'report.json');
      const { token: admin_token } = await anAdmin(app);
      const values = Object.entries({ base_url: app.url, admin_token });
      const variables = values.flatMap(([name, value]) => ['--env-var', `${name}=${value}`]);
      const reporting = ['--reporters', 'json', '--reporter-json-export', report];
      const args = [NEWMAN, 'run', COLLECTION, ...variables, ...reporting, ...options];
      const [exitCode] = await once(spawn(process.execPath, args), 'close');
      return { exitCode, ...(JSON.parse(readFileSync(report, 'utf8')) as Report) };
    }

    it('runs from top to bottom against a live server, every operation of the document once', async () => {
      const { exitCode, run } = await runNewman();

      const summaries = Object.values((await describeService()).paths ?? {}).flatMap((operations) =>
        Object.values(operations).map(({ summary }) => summary as string),
      );
      expect(run.failures.map(({ error }) => error.message)).toEqual([]);
      // A request that a script sends counts as another execution of its item.
      const executed = new Set(run.executions.map(({ item }) => item.name));
      expect([...executed].sort()).toEqual(summaries.sort());
      expect(exitCode).toBe(0);
    });

    it('runs as an administrator as well, without a refusal, twice', async () => {
      const { token } = await signUpWith(app, ['admin']);
      const as = ['--env-var', `access_token=${token}`];

      for (const _time of [1, 2]) {
        const { exitCode, run } = await runNewman(...as, '--folder', 'Roles', '--folder', 'Permissions');

        expect(run.executions.map(({ response }) => response.code)).toEqual([
          ...[200, 201, 200, 200, 204],
          ...[200, 201, 200, 200, 204],
        ]);
        expect(exitCode).toBe(0);
      }
    });
  });
});
