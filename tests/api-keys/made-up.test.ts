import { describe, expect, it } from '@jest/globals';
import { createApiKeyCheck } from '../../src/core/api-keys/check.ts';
import { newKey } from '../../src/core/api-keys/key.ts';
import { secretKey } from '../../src/core/tokens/keys.ts';
import { makeKey } from '../support/api-keys.ts';
import { useApp } from '../support/app.ts';
import { signUp } from '../support/people.ts';

/** With which nothing is made here. */
const INVENTED = secretKey('a-secret-that-only-those-have-who-make-keys-up');

describe('A flood of made-up API keys', () => {
  const app = useApp('SQLite');

  it('keeps four look-ups at a time busy, and no key waiting that is known or was made here', async () => {
    const { token } = await signUp(app);
    const [{ key }, unseen] = [await makeKey(app, token), await makeKey(app, token)];
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
    const secrets = app.keys.appSecrets;
    const options = { store, revocations, clock, secrets, issuer: 'i', audience: 'a' };
    const { authenticate } = createApiKeyCheck(options);
    const { keyId } = await authenticate(key);

    isHeld = true;
    const refusals = Array.from({ length: 300 }, () =>
      authenticate(newKey(INVENTED)).then(
        () => 'taken',
        (error) => error.code,
      ),
    );
    await new Promise((resolve) => setImmediate(resolve));
    expect(most).toBe(4);
    isHeld = false;
    clock.advanceSeconds(31);
    expect(await authenticate(key)).toMatchObject({ keyId });
    expect(await authenticate(unseen.key)).toMatchObject({ keyId: unseen.id });
    for (const release of released) release();

    const codes = await Promise.all(refusals);
    expect(codes.filter((code) => code === 'token_invalid')).toHaveLength(204);
    expect(codes.filter((code) => code === 'database_unavailable')).toHaveLength(96);
    expect(most).toBe(4);
  });
});
