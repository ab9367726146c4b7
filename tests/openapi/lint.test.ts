import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { describeService } from '../../src/app.ts';
import { useDirectories } from '../support/directories.ts';

const newDirectory = useDirectories();

/** Those that Redocly recommends, and those of Spectral's set for OpenAPI that they leave out. */
const CONFIG = `
extends: [recommended]
rules:
  info-contact: error
  no-server-trailing-slash: error
  no-unused-components: error
  operation-description: error
  operation-singular-tag: error
  operation-tag-defined: error
  tag-description: error
  no-invalid-media-type-examples: error
  no-invalid-parameter-examples: error
  no-invalid-schema-examples: error
  operation-2xx-response: off
`;

interface Report {
  readonly problems: readonly {
    readonly ruleId: string;
    readonly message: string;
    readonly location: readonly { readonly pointer?: string }[];
  }[];
}

/** What Redocly finds wrong with a document. */
async function lint(document: object): Promise<readonly string[]> {
  const directory = newDirectory();
  const [file, config] = [join(directory, 'openapi.json'), join(directory, 'redocly.yaml')];
  writeFileSync(file, JSON.stringify(document));
  writeFileSync(config, CONFIG);
  const cli = join(createRequire(import.meta.url).resolve('@redocly/cli/package.json'), '../bin/cli.js');
  const args = [cli, 'lint', file, '--config', config, '--format', 'json', '--max-problems', '1000'];
  // It would report its use and look for a newer version.
  const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { env, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout));
  });
  const { problems } = JSON.parse(output.slice(output.indexOf('{'))) as Report;
  return problems.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer} ${message}`);
}

describe('The OpenAPI document', () => {
  it('keeps every rule that Redocly recommends, and those of Spectral', async () => {
    expect(await lint(await describeService())).toEqual([]);
  });

  it('is refused by the same check where an operation says nothing of its security or has no description', async () => {
    const document = structuredClone(await describeService());
    const operation = document.paths?.['/signup']?.post;
    delete operation?.security;
    delete operation?.description;

    const problems = await lint(document);

    expect(problems.map((problem) => problem.split(' ', 1)[0])).toEqual(
      expect.arrayContaining(['security-defined', 'operation-description']),
    );
  });

  it('has a success in every operation, which may be a redirect', async () => {
    const { paths } = await describeService();

    for (const operations of Object.values(paths ?? {})) {
      for (const { operationId, responses } of Object.values(operations)) {
        const statuses = Object.keys(responses);
        expect({ operationId, statuses }).toEqual({
          operationId,
          statuses: expect.arrayContaining([expect.stringMatching(/^(?:2\d\d|302)$/)]),
        });
      }
    }
  });

  it('has no pattern that looks around, which Go cannot compile', async () => {
    const patterns = [...JSON.stringify(await describeService()).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)];

    expect(patterns.length).toBeGreaterThan(0);
    for (const [, pattern = '""'] of patterns) expect(JSON.parse(pattern)).not.toMatch(/\(\?[=!<]/);
  });

  it('lets answers have further members, and requests none', async () => {
    const { components, paths } = await describeService();
    const text = JSON.stringify({ paths: Object.values(paths ?? {}), responses: components?.responses });
    const { schemas = {} } = components ?? {};

    expect(text).not.toContain('"additionalProperties":false');
    for (const name of ['User', 'Session', 'AuditEvent', 'Client', 'Problem', 'OAuthError', 'TokenAnswer']) {
      expect(schemas[name]).toMatchObject({ type: 'object', properties: expect.any(Object) });
      expect(schemas[name]).not.toHaveProperty('additionalProperties');
    }
    for (const name of ['Signup', 'Login', 'NewClient']) {
      expect(schemas[name]).toMatchObject({ additionalProperties: false });
    }
  });

  it('states each refusal once, and names it in every operation that has it', async () => {
    const { paths } = await describeService();

    for (const operations of Object.values(paths ?? {})) {
      for (const { responses } of Object.values(operations) as { responses: Record<string, object> }[]) {
        for (const [status, response] of Object.entries(responses)) {
          if (Number(status) < 400) continue;
          expect(response).toEqual({ $ref: expect.stringMatching(/^#\/components\/responses\/\w+$/) });
        }
      }
    }
  });
});
