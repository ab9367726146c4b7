import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { type Options, Sequelize } from 'sequelize';
import { startApp, type TestApp, useApp } from '../support/app.ts';
import { administrate, onEachDatabase, onMysql } from '../support/databases.ts';

/** A probe believes an earlier one for a second. */
const FRESH_SECONDS = 1;
const MAX_PROBES = 5;
const DISK_BYTES = 2 ** 21;

/** What GET /readyz says to a probe after the last answer has aged. */
async function probe(app: TestApp): Promise<string> {
  app.clock.advanceSeconds(FRESH_SECONDS);
  const { status, body } = await app.get('/readyz');
  return status === 200 ? 'ready' : `${status} ${body.code}: ${body.detail}`;
}

/** The answer of a few probes: the first ones may find room that was left, or wait for what the one before began. */
async function probeUntil(app: TestApp, wanted: string): Promise<void> {
  for (let probes = 1; probes < MAX_PROBES; probes++) if ((await probe(app)) === wanted) return;
  expect(await probe(app)).toBe(wanted);
}

const UNWRITABLE = '503 not_ready: The database takes no writes at present.';

onEachDatabase((kind) => {
  describe('GET /readyz', () => {
    const app = useApp(kind);

    it('writes to the database once for all who ask within a second', async () => {
      const { options } = app.database.sequelize as unknown as { options: Options };
      let writes = 0;
      options.logging = (sql) => {
        if (/\bINSERT\b/.test(sql)) writes += 1;
      };
      const ask = () => Promise.all(Array.from({ length: 10 }, () => app.get('/readyz').expect(200)));

      await ask();
      await ask();
      const within = writes;
      app.clock.advanceSeconds(FRESH_SECONDS);
      await ask();

      options.logging = false;
      expect([within, writes]).toEqual([1, 2]);
    });
  });
});

describe('GET /readyz on SQLite', () => {
  const app = useApp('SQLite');

  it('is 503 while the database may only be read, and 200 once it takes writes', async () => {
    await app.database.sequelize.query('PRAGMA query_only = ON');
    const readOnly = await probe(app);
    await app.database.sequelize.query('PRAGMA query_only = OFF');

    expect(readOnly).toBe(UNWRITABLE);
    expect(await probe(app)).toBe('ready');
  });

  it('does not wait longer than its second for another process that writes', async () => {
    const { location } = app.config.database;
    const storage = 'storage' in location ? location.storage : '';
    const other = new Sequelize({ dialect: 'sqlite', storage, logging: false });
    await other.query('BEGIN IMMEDIATE');

    const locked = await probe(app);
    await other.query('ROLLBACK');

    expect(locked).toBe(UNWRITABLE);
    await probeUntil(app, 'ready');
    await other.close();
  });

  const disk = mountSmallDisk();
  afterAll(() => disk?.remove());

  (disk ? it : it.skip)('is 503 while the disk is full, and 200 once there is room', async () => {
    const directory = disk?.directory ?? '';
    const filler = join(directory, 'filler');
    const onDisk = await startApp('SQLite', {}, (url) => {
      const file = join(directory, 'latchkey.sqlite');
      copyFileSync(url.slice('sqlite:'.length), file);
      return `sqlite:${file}`;
    });

    await probeUntil(onDisk, 'ready');
    expect(() => writeFileSync(filler, randomBytes(DISK_BYTES))).toThrow('ENOSPC');
    await probeUntil(onDisk, UNWRITABLE);
    rmSync(filler);
    await probeUntil(onDisk, 'ready');

    await onDisk.stop();
  });
});

onMysql(() => {
  describe('GET /readyz where the account of the service', () => {
    const user = `reader_${randomBytes(6).toString('hex')}`;
    const account = `'${user}'@'%'`;
    let name = '';

    afterAll(() => administrate(`DROP USER IF EXISTS ${account}`));

    it('may only read is 503, and 200 once it may write', async () => {
      await administrate(`CREATE USER ${account} IDENTIFIED BY 'only reads';
        GRANT SELECT ON \`latchkey\\_test\\_%\`.* TO ${account}`);
      const app = await startApp('MySQL', {}, (url) => {
        name = new URL(url).pathname.slice(1);
        return Object.assign(new URL(url), { username: user, password: 'only reads' }).href;
      });

      const readOnly = await probe(app);
      await administrate(`GRANT INSERT, UPDATE ON ${name}.write_probes TO ${account}`);
      const writable = await probe(app);

      expect([readOnly, writable]).toEqual([UNWRITABLE, 'ready']);
      await app.stop();
    });
  });
});

/** Only root may mount one, and not in every container; where it cannot be, that is said. */
function mountSmallDisk() {
  const directory = mkdtempSync(join(tmpdir(), 'latchkey-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', directory], { stdio: 'pipe' });
  } catch (error) {
    rmdirSync(directory);
    console.warn(`A full disk is not tried, since none can be mounted: ${(error as Error).message}`);
    return undefined;
  }
  return {
    directory,
    remove() {
      // Lazily, since a test that failed has left files open.
      execFileSync('umount', ['--lazy', directory]);
      rmdirSync(directory);
    },
  };
}
