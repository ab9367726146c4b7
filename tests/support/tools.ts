import { spawnSync } from 'node:child_process';
import { findOnPath } from './mysql-server.ts';

const PACKAGES = 'import cryptography, jose, jwt';

/** Where nginx is, or undefined where it is not installed. */
export function findNginx(): string | undefined {
  return findOnPath('nginx');
}

/** A Python that has PyJWT and python-jose: that of the system before one that somebody has put in front of it. */
export function findPython(): string | undefined {
  return ['/usr/bin/python3', findOnPath('python3')].find(
    (python) => python !== undefined && spawnSync(python, ['-c', PACKAGES]).status === 0,
  );
}
