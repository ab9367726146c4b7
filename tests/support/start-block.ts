import { fileURLToPath } from 'node:url';

const KEYS_COMMAND = fileURLToPath(new URL('../../dist/cli/keys.js', import.meta.url));

/** The commands of a page that start the service: what comes before, as it can be run here, and the variables of the last. */
export function readStartBlock(block: string): { before: string; env: Record<string, string> } {
  const [, before, variables] = /^(?:npm ci\n)?(.*\n)((?:\w+=\S+ )+)npm start\n$/s.exec(block) ?? [];
  if (before === undefined || variables === undefined) throw new Error(`this does not start it: ${block}`);
  const assignments = variables
    .trim()
    .split(' ')
    .map((assignment) => assignment.split('='));
  return {
    before: before.replace('npm run --silent keys --', `${process.execPath} ${KEYS_COMMAND}`),
    env: Object.fromEntries(assignments),
  };
}
