import { describe, expect, it } from '@jest/globals';
import { createRevocationSet } from '../../src/sessions/revocations.ts';

const NOW = 1_800_000_000;
const at = (seconds: number) => new Date(seconds * 1000);

function session(subjectId: string, expiresAtSeconds = NOW + 910) {
  return { kind: 'session' as const, subjectId, notBefore: null, expiresAt: at(expiresAtSeconds) };
}

function user(subjectId: string, notBeforeSeconds: number, expiresAtSeconds = NOW + 910) {
  return {
    kind: 'user' as const,
    subjectId,
    notBefore: at(notBeforeSeconds),
    expiresAt: at(expiresAtSeconds),
  };
}

const claims = (sid: string, sub: string, iat = NOW) => ({ sid, sub, iat });

describe('A set of revocations', () => {
  it('that is empty revokes nobody', () => {
    const set = createRevocationSet();

    expect(set.isRevoked(claims('s', 'u'))).toBe(false);
    expect(set.size()).toBe(0);
  });

  it('holds all tokens of a session for revoked, whenever they were issued, and no others', () => {
    const set = createRevocationSet();
    set.add([session('s')]);

    expect(set.isRevoked(claims('s', 'u', 0))).toBe(true);
    expect(set.isRevoked(claims('s', 'u', NOW + 10_000))).toBe(true);
    expect(set.isRevoked(claims('other', 'u'))).toBe(false);
  });

  it('holds an API key for revoked whatever its owner may do, and no session, user or other key of that id', () => {
    const set = createRevocationSet();
    set.add([{ kind: 'key', subjectId: 'k', notBefore: null, expiresAt: at(NOW + 300) }]);

    expect(set.isRevoked({ sub: 'u', iat: NOW + 10_000, api_key_id: 'k' })).toBe(true);
    expect(set.isRevoked({ sub: 'u', iat: NOW, api_key_id: 'other' })).toBe(false);
    expect(set.isRevoked(claims('k', 'k'))).toBe(false);
    expect(set.size()).toBe(1);
    set.prune((NOW + 301) * 1000);
    expect(set.size()).toBe(0);
  });

  it('does not take a user for a session of the same id, nor the other way round', () => {
    const set = createRevocationSet();
    set.add([session('a'), user('b', NOW + 5)]);

    expect(set.isRevoked(claims('x', 'a'))).toBe(false);
    expect(set.isRevoked(claims('b', 'x'))).toBe(false);
  });

  it.each(['constructor', '__proto__', 'hasOwnProperty', ''])('holds %j for an id like any other', (id) => {
    const set = createRevocationSet();
    expect(set.isRevoked(claims(id, id))).toBe(false);

    set.add([session(id)]);

    expect(set.isRevoked(claims(id, 'u'))).toBe(true);
  });

  it('holds the tokens of a user for revoked that were issued before a second, and later ones for good', () => {
    const set = createRevocationSet();
    set.add([user('u', NOW)]);

    expect(set.isRevoked(claims('s', 'u', NOW - 1))).toBe(true);
    expect(set.isRevoked(claims('s', 'u', NOW))).toBe(false);
    expect(set.isRevoked(claims('s', 'other', NOW - 1))).toBe(false);
  });

  it('rounds a part of a second up, since a token of that second may be from before it', () => {
    const set = createRevocationSet();
    set.add([user('u', NOW + 0.001)]);

    expect(set.isRevoked(claims('s', 'u', NOW))).toBe(true);
    expect(set.isRevoked(claims('s', 'u', NOW + 1))).toBe(false);
  });

  it('keeps the later of two times of a user, in whichever order they come', () => {
    for (const order of [
      [NOW, NOW + 60],
      [NOW + 60, NOW],
    ]) {
      const set = createRevocationSet();
      set.add(order.map((notBefore) => user('u', notBefore)));

      expect(set.isRevoked(claims('s', 'u', NOW + 59))).toBe(true);
      expect(set.isRevoked(claims('s', 'u', NOW + 60))).toBe(false);
      expect(set.size()).toBe(1);
    }
  });

  it('counts what it is told twice once', () => {
    const set = createRevocationSet();

    set.add([session('s'), user('u', NOW)]);
    set.add([session('s'), user('u', NOW)]);

    expect(set.size()).toBe(2);
  });

  it('forgets what has expired, and not a second before', () => {
    const set = createRevocationSet();
    set.add([session('s', NOW + 910), user('u', NOW + 5, NOW + 910)]);

    set.prune((NOW + 910) * 1000);
    expect(set.size()).toBe(2);
    set.prune((NOW + 911) * 1000);

    expect(set.size()).toBe(0);
    expect(set.isRevoked(claims('s', 'u'))).toBe(false);
  });

  it('forgets in the order of expiry and keeps the rest', () => {
    const set = createRevocationSet();
    set.add([1, 2, 3, 4].map((seconds) => session(`s${seconds}`, NOW + seconds)));

    set.prune((NOW + 2.5) * 1000);

    expect([1, 2, 3, 4].map((seconds) => set.isRevoked(claims(`s${seconds}`, 'u')))).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('never forgets what may still count, whatever stands before it', () => {
    const set = createRevocationSet();
    set.add([session('short', NOW + 10), session('long', NOW + 910), session('short2', NOW + 20)]);

    set.prune((NOW + 100) * 1000);

    expect(set.isRevoked(claims('long', 'u'))).toBe(true);
    set.prune((NOW + 1000) * 1000);
    expect(set.size()).toBe(0);
  });

  it('forgets a user who was revoked again only when the later revocation has expired', () => {
    const set = createRevocationSet();
    set.add([user('u', NOW, NOW + 10), user('v', NOW, NOW + 20), user('u', NOW + 50, NOW + 60)]);

    set.prune((NOW + 30) * 1000);

    expect(set.size()).toBe(1);
    expect(set.isRevoked(claims('s', 'u', NOW + 49))).toBe(true);
  });
});
