import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { ERRORS } from '../../src/core/errors.ts';
import { useDirectories } from '../support/directories.ts';
import { freePort } from '../support/mysql-server.ts';
import { openShell, QUICK } from '../support/posts-service.ts';
import { startServer } from '../support/server-process.ts';

const PAGE = readFileSync(fileURLToPath(new URL('../../docs/addresses.md', import.meta.url)), 'utf8');
const [FIRST = '', ...SECTIONS] = PAGE.split(/^## /m);

/** The section with this heading. */
function section(heading: string): string {
  return SECTIONS.find((text) => text.startsWith(`${heading}\n`)) ?? '';
}

function blocks(language: string, text: string): string[] {
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.+?)^\`\`\`$`, 'gms'))].map(
    ([, code = '']) => code,
  );
}

const commandsOf = (text: string) => blocks('sh', text).filter((block) => block.includes('curl'));

describe('docs/addresses.md', () => {
  const newDirectory = useDirectories();

  /** What each of the commands prints when they are pasted one after the other. */
  async function paste(commands: readonly string[], settings: Record<string, string> = {}) {
    const port = String(await freePort());
    const env = { ...QUICK, PORT: port, PUBLIC_URL: `http://localhost:${port}`, ...settings };
    const server = await startServer(newDirectory(), env);
    const shell = openShell(newDirectory(), {});
    try {
      const printed: string[] = [];
      for (const command of commands)
        printed.push(await shell.run(command.replaceAll('http://localhost:3000', server.url)));
      return printed;
    } finally {
      await shell.close();
      await server.stop();
    }
  }

  it('has commands that verify an address, change it and back, and do the same with a number and a lock-down', async () => {
    const headings = ['Another address', 'A phone number', 'Somebody else is in'];
    const printed = await paste([FIRST, ...headings.map(section)].flatMap(commandsOf));

    const [defined, byCode, byLink, changed, back, phone, removed, locked, another, byMail] = printed;
    expect(defined).toBe('');
    expect(byCode).toMatch(/^HTTP\/1\.1 204 .*"email":"mary@example\.com".*"email_verified":true/s);
    expect(byLink).toMatch(/"challenge_id".*HTTP\/1\.1 204 /s);
    expect(changed).toMatch(/^HTTP\/1\.1 204 .*"email":"mary@example\.org".*"email_verified":true/s);
    expect(back).toMatch(/^HTTP\/1\.1 204 .*"code":"token_revoked"/s);
    expect(phone).toMatch(/"phone":"\+4915112345679"/);
    expect([removed, locked, another].map((answer) => answer?.slice(0, 13))).toEqual(
      Array(3).fill('HTTP/1.1 204 '),
    );
    expect(byMail).toMatch(/"access_token".*HTTP\/1\.1 204 /s);
    expect(printed).toHaveLength(10);
  });

  it('has commands that log in once the address is verified, where that is required', async () => {
    const text = section('No login before the address is verified');
    const settings = settingsOf(text);
    const [, signedUp = '', verified] = await paste(
      [...commandsOf(FIRST).slice(0, 1), ...commandsOf(text)],
      settings,
    );

    const [sent = '', refused = ''] = signedUp.split('\n');
    expect(Object.keys(JSON.parse(sent))).toEqual(Object.keys(JSON.parse(blocks('json', text)[0] ?? '')));
    expect(JSON.parse(refused)).toMatchObject({ status: 403, code: 'email_not_verified' });
    expect(verified).toMatch(/^HTTP\/1\.1 204 .*"access_token"/s);
    expect(settings).toEqual({ REQUIRE_VERIFIED_EMAIL: 'true' });
  });

  it('has commands that sign up where that does not tell whether the address is known', async () => {
    const text = section('A sign-up that does not tell who has an account');
    const settings = settingsOf(text);
    const [, verified, again = ''] = await paste(
      [...commandsOf(FIRST).slice(0, 1), ...commandsOf(text)],
      settings,
    );

    const [sent = '', subject] = again.split('\n');
    expect(verified).toMatch(/^HTTP\/1\.1 204 .*"access_token"/s);
    expect(Object.keys(JSON.parse(sent))).toEqual(['challenge_id', 'expires_in']);
    expect(subject).toMatch(/^You already have an account at /);
    expect(settings).toEqual({ SIGNUP_ENUMERATION: 'hide' });
  });

  it('names codes with their status', () => {
    const rows = [...PAGE.matchAll(/^\| `([a-z_]+)` \| (\d{3}) \|/gm)];
    const wrong = rows.filter(
      ([, code = '', status]) => ERRORS[code as keyof typeof ERRORS]?.status !== Number(status),
    );

    expect(wrong).toEqual([]);
    expect(rows).toHaveLength(5);
  });
});

/** What stands before `npm start`. */
function settingsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^(\w+)=(\w+) npm start$/gm)].map(([, name, value]) => [name, value]),
  );
}
