import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll } from '@jest/globals';
import { type Browser, chromium } from 'playwright-core';
import { exampleFile, examplePath } from './example-file.ts';
import { collectOutput } from './output.ts';

const ARGS = [
  '--no-sandbox',
  '--headless',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Sites of their own, none of which is anywhere else.
  '--host-resolver-rules=MAP *.test 127.0.0.1',
];

/** One browser for the suite at hand. Ready once the suite runs. */
export function useBrowser(executablePath: string): Browser {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: ARGS });
  });
  afterAll(() => browser?.close());
  return new Proxy({} as Browser, {
    get(_target, name) {
      const member = browser[name as keyof Browser];
      return typeof member === 'function' ? member.bind(browser) : member;
    },
  });
}

/** Serves examples/browser-app from a directory, as a page that calls Latchkey at this URL. */
export async function serveBrowserApp(directory: string, port: number, latchkeyUrl: string) {
  for (const name of ['index.html', 'app.js']) {
    const text = exampleFile(`browser-app/${name}`, { 'http://localhost:3000': latchkeyUrl });
    writeFileSync(join(directory, name), text);
  }
  for (const name of ['style.css', 'serve.mjs']) {
    copyFileSync(examplePath(`browser-app/${name}`), join(directory, name));
  }
  const child = spawn(process.execPath, [join(directory, 'serve.mjs')], { env: { PORT: String(port) } });
  const output = collectOutput(child);
  const ended = once(child, 'close');
  while (!output.stdout.includes('The page is at')) {
    await Promise.race([once(child.stdout, 'data'), ended]);
    if (child.exitCode !== null) throw new Error(`the page is not served: ${output.stderr}`);
  }
  return {
    async stop() {
      child.kill();
      await ended;
    },
  };
}
