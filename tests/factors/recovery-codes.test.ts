import { describe, expect, it } from '@jest/globals';
import { useApp } from '../support/app.ts';
import { latestMessages, refusalOf } from '../support/codes.ts';
import { answer, challengeFor, signUpWithTotp } from '../support/factors.ts';
import { signUp } from '../support/people.ts';

const as = { type: 'bearer' } as const;

describe('Recovery codes', () => {
  const app = useApp('SQLite');

  const use = async (person: Parameters<typeof challengeFor>[1], code = '') =>
    answer(app, await challengeFor(app, person), { method: 'recovery_code', code });

  it('are ten that look unlike one another, and are shown with the first factor alone', async () => {
    const { totp } = await signUpWithTotp(app);

    expect(new Set(totp.recoveryCodes).size).toBe(10);
    for (const code of totp.recoveryCodes) {
      expect(code).toMatch(/^[23456789bcdfghjkmnpqrstvwxyz]{5}-[23456789bcdfghjkmnpqrstvwxyz]{5}$/);
    }
  });

  it('are kept as an HMAC that fits one user, and in no table or log as they are', async () => {
    const { totp, id } = await signUpWithTotp(app);
    const rows = await app.models.recoveryCodes.findAll({ where: { userId: id }, raw: true });

    expect(rows.map(({ mac }) => mac)).toEqual(Array(10).fill(expect.stringMatching(/^[\w-]{43}$/)));
    const kept = JSON.stringify([rows, await app.models.ledger.findAll({ raw: true }), app.logs.lines]);
    for (const code of totp.recoveryCodes) {
      expect(kept).not.toContain(code);
      expect(kept).not.toContain(code.replace('-', ''));
    }
  });

  it('are taken in capitals, without the hyphen and with spaces', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const [first = '', second = ''] = totp.recoveryCodes;

    expect((await use(person, first.replace('-', '').toUpperCase())).status).toBe(200);
    expect((await use(person, ` ${second.replace('-', ' ')} `)).status).toBe(200);
    expect((await app.get('/me/factors').auth(person.token, as).expect(200)).body.recovery_codes).toBe(8);
  });

  it('are told of by mail at each use, and by a warning from the moment when two are left', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const before = app.logs.lines.length;
    for (const code of totp.recoveryCodes) expect((await use(person, code)).status).toBe(200);

    const mails = (await latestMessages(app)).filter(
      ({ to, subject }) => to === person.email && subject.startsWith('A recovery code was used'),
    );
    expect(mails.map(({ data }) => (data as { left: number }).left).sort((a, b) => b - a)).toEqual([
      9, 8, 7, 6, 5, 4, 3, 2, 1, 0,
    ]);
    expect(mails[0]?.link).toContain('/lockdown/');
    const events = await app.models.ledger.findAll({ where: { subjectId: person.id }, raw: true });
    const leftBy = (type: string) =>
      events.filter((event) => event.type === type).map(({ details }) => JSON.parse(details ?? '').left);
    expect(leftBy('recovery_code.used')).toHaveLength(10);
    expect(leftBy('recovery_codes.few').sort()).toEqual([0, 1, 2]);
    const warned = app.logs.entries().slice(before);
    expect(warned.filter(({ event }) => event === 'recovery_codes_few')).toEqual(
      [2, 1, 0].map((left) => expect.objectContaining({ level: 40, user_id: person.id, left })),
    );
    // None is left, so they are no way any more.
    expect((await challengeFor(app, person)).methods).toEqual(['totp']);
    expect(refusalOf(await use(person, totp.recoveryCodes[0]))).toBe('403 factor_not_allowed');
  });

  it('are void once there are new ones', async () => {
    const { totp, ...person } = await signUpWithTotp(app);
    const { body } = await app.post('/me/recovery-codes').auth(person.token, as).expect(201);

    expect(refusalOf(await use(person, totp.recoveryCodes[0]))).toBe('403 invalid_factor');
    expect(body.recovery_codes).toHaveLength(10);
    expect((await use(person, body.recovery_codes[9])).status).toBe(200);
  });

  it('stand in for a second factor, and are not made without one', async () => {
    const { token } = await signUp(app);

    const refused = await app.post('/me/recovery-codes').auth(token, as);

    expect(refusalOf(refused)).toBe('404 factor_not_found');
  });
});
