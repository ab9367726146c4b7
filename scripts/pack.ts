import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

/**
 * Packs each workspace that is not private into dist-packages, ready to publish or to install. Its own script `prepack`
 * builds it first.
 */
const DIRECTORY = 'dist-packages';

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const folders: string[] = read('package.json').workspaces;
const forOthers = folders.filter((folder) => !read(`${folder}/package.json`).private);

rmSync(DIRECTORY, { recursive: true, force: true });
mkdirSync(DIRECTORY);
execFileSync(
  'npm',
  [
    'pack',
    '--silent',
    `--pack-destination=${DIRECTORY}`,
    ...forOthers.map((folder) => `--workspace=${folder}`),
  ],
  { stdio: 'inherit' },
);
