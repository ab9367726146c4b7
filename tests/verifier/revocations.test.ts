import { describe, expect, it } from '@jest/globals';
import { createRevocationSet } from '@latchkey/verifier/core';

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

/** A change of what a user or a role may do: tokens hold the version that they were made with. */
function change(kind: 'rights' | 'role', subjectId: string, version: number, expiresAtSeconds = NOW + 910) {
  return { kind, subjectId, notBefore: new Date(version), expiresAt: at(expiresAtSeconds) };
}

const claims = (sid: string, sub: string, iat = NOW) => ({ sid, sub, iat });

describe('A set of revocations', () => {
  it('that is empty revokes nothing', () => {
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

describe('A set of revocations of rights', () => {
  const ROLES = ['editor', 'user'];
  /** A token with the version of its user and those of the two roles; issued at any time. */
  const holding = (rv?: readonly number[], roles: readonly string[] = ROLES) => ({
    ...claims('s', 'u', NOW + 10_000),
    roles,
    ...(rv && { rv }),
  });

  it('compares versions and not the time at which a token was issued', () => {
    const set = createRevocationSet();
    set.add([change('rights', 'u', 5000), change('role', 'editor', 7000)]);

    expect(set.isRevoked(holding([5000, 7000, 0]))).toBe(false);
    expect(set.isRevoked(holding([4999, 7000, 0]))).toBe(true);
    expect(set.isRevoked(holding([5000, 6999, 0]))).toBe(true);
  });

  it('tells versions apart that differ by a millisecond', () => {
    const set = createRevocationSet();
    set.add([change('role', 'user', 1_800_000_000_001)]);

    expect(set.isRevoked(holding([0, 0, 1_800_000_000_000]))).toBe(true);
    expect(set.isRevoked(holding([0, 0, 1_800_000_000_001]))).toBe(false);
  });

  it('looks each role up under its own version', () => {
    const set = createRevocationSet();
    set.add([change('role', 'user', 7000)]);

    expect(set.isRevoked(holding([0, 9999, 6999]))).toBe(true);
    expect(set.isRevoked(holding([0, 0, 7000]))).toBe(false);
    expect(set.isRevoked(holding([0, 0], ['editor']))).toBe(false);
  });

  it.each<[what: string, rv: readonly number[] | undefined]>([
    ['no versions', undefined],
    ['an empty list of them', []],
    ['too few of them', [9999, 9999]],
  ])('takes a token with %s for older than any', (_what, rv) => {
    const set = createRevocationSet();
    set.add([change('role', 'user', 1)]);

    expect(set.isRevoked(holding(rv))).toBe(true);
    expect(set.isRevoked(holding(rv, ['editor']))).toBe(false);
  });

  it('leaves tokens without roles alone', () => {
    const set = createRevocationSet();
    set.add([change('role', 'user', 7000), change('rights', 'other', 7000)]);

    expect(set.isRevoked(claims('s', 'u'))).toBe(false);
    expect(set.isRevoked(holding([0], []))).toBe(false);
  });

  it('does not take a role for a user, a session or the rights of a user of the same name', () => {
    const set = createRevocationSet();
    set.add([change('role', 'a', 7000), change('rights', 'b', 7000)]);

    expect(set.isRevoked({ ...claims('a', 'a'), roles: ['b'], rv: [7000, 0] })).toBe(false);
    expect(set.isRevoked({ ...claims('x', 'x'), roles: ['a'], rv: [7000, 0] })).toBe(true);
    expect(set.isRevoked({ ...claims('x', 'b'), roles: [], rv: [0] })).toBe(true);
  });

  it.each(['constructor', '__proto__', 'hasOwnProperty'])('holds %j for a role like any other', (role) => {
    const set = createRevocationSet();
    set.add([change('role', 'user', 7000)]);
    expect(set.isRevoked(holding([0, 0], [role]))).toBe(false);

    set.add([change('role', role, 7000)]);

    expect(set.isRevoked(holding([0, 0], [role]))).toBe(true);
  });

  it.each(['rights', 'role'] as const)(
    'keeps the latest version of %s, in whatever order they come',
    (kind) => {
      for (const versions of [
        [5000, 7000, 6000],
        [7000, 6000, 5000],
      ]) {
        const set = createRevocationSet();
        set.add(versions.map((version) => change(kind, kind === 'role' ? 'editor' : 'u', version)));

        expect(set.isRevoked(holding([6999, 6999, 0]))).toBe(true);
        expect(set.isRevoked(holding([7000, 7000, 0]))).toBe(false);
        expect(set.size()).toBe(1);
      }
    },
  );

  it('forgets when no token can hold the version any more, and not before', () => {
    const set = createRevocationSet();
    set.add([change('rights', 'u', 7000, NOW + 10), change('role', 'editor', 7000, NOW + 20)]);

    set.prune((NOW + 15) * 1000);
    expect(set.isRevoked(holding([0, 9999, 0]))).toBe(false);
    expect(set.isRevoked(holding([9999, 0, 0]))).toBe(true);
    set.prune((NOW + 25) * 1000);

    expect(set.size()).toBe(0);
  });
});
