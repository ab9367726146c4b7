import { describe, expect, it } from '@jest/globals';
import { createApiKeyCheck } from '../../src/core/api-keys/check.ts';
import { newKey } from '../../src/core/api-keys/key.ts';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';

describe('A flood of made-up API keys', () => {
  const app = useApp('SQLite');

  it('keeps four look-ups at a time busy, and none that is known to be a key waiting', async () => {
    const { key } = await makeKey(app, (await signUp(app)).token);
    let [running, most, isHeld] = [0, 0, false];
    const released: (() => void)[] = [];
    const findByHash = async (hash: string) => {
      if (!isHeld) return app.store.apiKeys.findByHash(hash);
      most = Math.max(most, ++running);
      await new Promise<void>((resolve) => released.push(resolve));
      running--;
      return null;
    };
    const store = { rights: app.store.rights, apiKeys: { ...app.store.apiKeys, findByHash } };
    const { revocations, clock } = app;
    const { authenticate } = createApiKeyCheck({ store, revocations, clock, issuer: 'i', audience: 'a' });
    const { keyId } = await authenticate(key);

    isHeld = true;
    const refusals = Array.from({ length: 300 }, () =>
      authenticate(newKey()).then(
        () => 'taken',
        (error) => error.code,
      ),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(most).toBe(4);
    isHeld = false;
    clock.advanceSeconds(31);
    expect(await authenticate(key)).toMatchObject({ keyId });
    for (const release of released) release();

    const codes = await Promise.all(refusals);
    expect(codes.filter((code) => code === 'token_invalid')).toHaveLength(204);
    expect(codes.filter((code) => code === 'database_unavailable')).toHaveLength(96);
    expect(most).toBe(4);
  });
});
