import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { QueryTypes } from 'sequelize';
import { tlsOptions } from '../../config/environment.cjs';
import { loadConfig } from '../../src/config/config.ts';
import { connectDatabase } from '../../src/db/connect.ts';
import { type Certificate, certificateFor } from '../support/certificates.ts';
import { administrate, createTestDatabase, onMysqlWithTls, type TestDatabase } from '../support/databases.ts';
import { useDirectories } from '../support/directories.ts';

const UNAVAILABLE = { code: 'database_unavailable' };

describe('The TLS options of MySQL', () => {
  it('require a known authority and the name of the host, or are none at all', () => {
    expect(tlsOptions('verify', undefined)).toMatchObject({ rejectUnauthorized: true, verifyIdentity: true });
    expect(tlsOptions('off', undefined)).toBeUndefined();
  });
});

onMysqlWithTls((caFile) => {
  describe('DATABASE_TLS=verify', () => {
    const newDirectory = useDirectories();
    let testDatabase: TestDatabase;

    beforeAll(async () => {
      testDatabase = await createTestDatabase('MySQL');
    });
    afterAll(() => testDatabase.drop());

    it('encrypts the connection to a server whose certificate names the host', async () => {
      expect(await cipherOf(at('localhost'), caFile)).toMatch(/^TLS_|-/);
    });

    it('refuses a certificate that names another host', async () => {
      const other = certificateFor('other.example.com', newDirectory());

      await withServerCertificate(other, async () => {
        await expect(cipherOf(at('localhost'), other.certFile)).rejects.toMatchObject(UNAVAILABLE);
      });
    });

    it('refuses a certificate of an unknown authority', async () => {
      const stranger = certificateFor('localhost', newDirectory());

      await expect(cipherOf(at('localhost'), stranger.certFile)).rejects.toMatchObject(UNAVAILABLE);
    });

    function at(host: string): string {
      const url = new URL(testDatabase.url);
      url.hostname = host;
      return url.href;
    }
  });
});

/** The cipher of a connection made with the service's own settings; empty where it is in the clear. */
async function cipherOf(url: string, caFile: string): Promise<string> {
  const config = loadConfig({
    DATABASE_URL: url,
    DATABASE_TLS: 'verify',
    DATABASE_TLS_CA_FILE: caFile,
  }).database;
  const { sequelize, run, close } = await connectDatabase(config);
  try {
    const query = () =>
      sequelize.query<{ Value: string }>("SHOW STATUS LIKE 'Ssl_cipher'", { type: QueryTypes.SELECT });
    const [row] = await run(query);
    return row?.Value ?? '';
  } finally {
    await close();
  }
}

/** Runs `work` while the server of the run shows another certificate. */
async function withServerCertificate(shown: Certificate, work: () => Promise<void>): Promise<void> {
  const own = {
    certFile: process.env.TEST_MYSQL_CA_FILE ?? '',
    keyFile: process.env.TEST_MYSQL_KEY_FILE ?? '',
  };
  const kept = { cert: readFileSync(own.certFile), key: readFileSync(own.keyFile) };
  try {
    copyFileSync(shown.certFile, own.certFile);
    copyFileSync(shown.keyFile, own.keyFile);
    await reloadCertificate();
    await work();
  } finally {
    writeFileSync(own.certFile, kept.cert);
    writeFileSync(own.keyFile, kept.key);
    await reloadCertificate();
  }
}

/** In MariaDB's words, else in MySQL's. */
async function reloadCertificate(): Promise<void> {
  await administrate('FLUSH SSL').catch(() => administrate('ALTER INSTANCE RELOAD TLS'));
}
