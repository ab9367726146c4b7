import { describe } from '@jest/globals';
import { findChromium, findFirefox, findNginx, findPython } from './tools.ts';

/** Runs a suite with nginx where there is one. */
export function onNginx(suite: (nginx: string) => void): void {
  onTool('nginx', findNginx(), suite);
}

/** Runs a suite with a Python where there is one that has the packages. */
export function onPython(suite: (python: string) => void): void {
  onTool('Python', findPython(), suite);
}

/** Runs a suite with a browser where there is one. */
export function onChromium(suite: (chromium: string) => void): void {
  onTool('a browser', findChromium(), suite);
}

/** Runs a suite with Firefox where there is one. */
export function onFirefox(suite: (firefox: string) => void): void {
  onTool('Firefox', findFirefox(), suite);
}

/** global-setup.ts has said so if it is missing. */
function onTool(name: string, tool: string | undefined, suite: (tool: string) => void): void {
  if (tool !== undefined) describe(`with ${name}`, () => suite(tool));
  else describe.skip(`with ${name}`, () => suite(''));
}
