import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { findOnPath } from './mysql-server.ts';

export const GALERA_PROVIDER = '/usr/lib/galera/libgalera_smm.so';

const PACKAGES = 'import cryptography, fastapi, flask, jwt, uvicorn';

/** Where nginx is, or undefined where it is not installed. */
export function findNginx(): string | undefined {
  return findOnPath('nginx');
}

/** Where Firefox is, the one with long support before another one. */
export function findFirefox(): string | undefined {
  return findOnPath('firefox-esr') ?? findOnPath('firefox');
}

/** Where a browser is, the one without windows before the whole one; undefined where neither is installed. */
export function findChromium(): string | undefined {
  return findOnPath('chromium-headless-shell') ?? findOnPath('chromium');
}

/** A Python that has PyJWT, Flask and FastAPI: that of the system before another one in the PATH. */
export function findPython(): string | undefined {
  return ['/usr/bin/python3', findOnPath('python3')].find(
    (python) => python !== undefined && spawnSync(python, ['-c', PACKAGES]).status === 0,
  );
}

/** What a cluster needs and is not there. */
export function missingForGalera(): string[] {
  const programs = ['mariadbd', 'mariadb-install-db', 'rsync', 'haproxy'].filter(
    (name) => findOnPath(name) === undefined,
  );
  return existsSync(GALERA_PROVIDER) ? programs : [...programs, 'galera-4'];
}
