import type { Test } from 'supertest';
import type { TestApp } from './app.ts';
import {
  aPhone,
  changeOf,
  codeFor,
  linkFor,
  markVerified,
  messagesDuring,
  pagesOf,
  phoneCodeOf,
  type ReadMessage,
  resetFor,
  type Sent,
  sent,
  signInBy,
  verifyBy,
} from './codes.ts';
import { aPerson, signUp } from './people.ts';

/** Something that is sent, and what it is used for. */
export interface Way {
  readonly what: string;
  /** For how long it is good. */
  readonly seconds: number;
  readonly begin: (app: TestApp) => Promise<Begun>;
}

export interface Begun {
  readonly first: Sent;
  /** Sends another of the same kind, where there can be one. */
  readonly again?: () => Promise<Sent>;
  readonly byCode?: (given: Pick<Sent, 'challengeId' | 'code'>) => Test;
  readonly byLink?: (given: Pick<Sent, 'token'>) => Test;
  /** The account that it is about, where there is one before. */
  readonly userId?: string;
}

const as = { type: 'bearer' } as const;
const RETURN_TO = 'http://localhost:3000/signed-in';
const TEN_MINUTES = 600;
const DAY = 86_400;

const byMail: Way = {
  what: 'a code by mail to sign in',
  seconds: TEN_MINUTES,
  async begin(app) {
    const { email, id } = await signUp(app);
    const send = () => codeFor(app, { email });
    return { first: await send(), again: send, byCode: (given) => signInBy(app, given), userId: id };
  },
};

const bySms: Way = {
  what: 'a code by SMS to sign in',
  seconds: TEN_MINUTES,
  async begin(app) {
    const phone = aPhone();
    const send = () => codeFor(app, { phone });
    return { first: await send(), again: send, byCode: (given) => signInBy(app, given) };
  },
};

/** Presses the button of a link in the browser that asked for it. */
export function press(app: TestApp, { token, challengeId }: Pick<Sent, 'token' | 'challengeId'>): Test {
  return pagesOf(app).post(`/login/link/${token}`).set('Cookie', `latchkey-links=${challengeId}`);
}

const signInLink: Way = {
  what: 'a link to sign in',
  seconds: TEN_MINUTES,
  async begin(app) {
    const { email, id } = await signUp(app);
    const send = () => linkFor(app, email, { return_to: RETURN_TO });
    const first = await send();
    const ids = new Map([[first.token, first.challengeId]]);
    return {
      first,
      async again() {
        const next = await send();
        ids.set(next.token, next.challengeId);
        return next;
      },
      byLink: ({ token }) => press(app, { token, challengeId: ids.get(token) ?? '' }),
      userId: id,
    };
  },
};

const exchangeCode: Way = {
  what: 'a code that a page hands to its app',
  seconds: 60,
  async begin(app) {
    const { first, userId } = await signInLink.begin(app);
    const { headers } = await press(app, first).expect(303);
    const token = new URL(String(headers.location)).searchParams.get('code') ?? '';
    return {
      first: { ...first, challengeId: '', token, link: '' },
      byLink: (given) => app.post('/login/exchange').send({ code: given.token }),
      ...(userId !== undefined && { userId }),
    };
  },
};

const reset: Way = {
  what: 'a code and a link to choose another password',
  seconds: TEN_MINUTES,
  async begin(app) {
    const { email, id } = await signUp(app);
    const send = () => resetFor(app, email);
    const choose = (proof: object) =>
      app.post('/password/reset').send({ ...proof, new_password: aPerson().password });
    return {
      first: await send(),
      again: send,
      byCode: ({ challengeId, code }) => choose({ challenge_id: challengeId, code }),
      byLink: ({ token }) => choose({ token }),
      userId: id,
    };
  },
};

const verification: Way = {
  what: 'a code and a link to verify an address',
  seconds: DAY,
  async begin(app) {
    const { email, id } = await signUp(app);
    const send = () => sent(app, app.post('/email/verify/resend').send({ email }));
    return {
      first: await send(),
      again: send,
      byCode: (given) => verifyBy(app, given),
      byLink: ({ token }) => app.post('/email/verify').send({ token }),
      userId: id,
    };
  },
};

const emailChange: Way = {
  what: 'a code and a link to change an address',
  seconds: DAY,
  async begin(app) {
    const { token, id } = await signUp(app);
    const send = () => changeOf(app, token, aPerson().email);
    return {
      first: await send(),
      again: send,
      byCode: (given) => verifyBy(app, given),
      byLink: (given) => app.post('/email/verify').send({ token: given.token }),
      userId: id,
    };
  },
};

const phoneChange: Way = {
  what: 'a code to add a phone number',
  seconds: TEN_MINUTES,
  async begin(app) {
    const { token, id } = await signUp(app);
    const phone = aPhone();
    const send = () => phoneCodeOf(app, token, phone);
    return {
      first: await send(),
      again: send,
      byCode: ({ challengeId, code }) =>
        app.post('/me/phone/verify').auth(token, as).send({ challenge_id: challengeId, code }),
      userId: id,
    };
  },
};

const emailUndo: Way = {
  what: 'a link that takes a change of the address back',
  seconds: 7 * DAY,
  async begin(app) {
    const { token, id, email } = await signUp(app);
    await markVerified(app, email);
    const change = await changeOf(app, token, aPerson().email);
    const [told] = await messagesDuring(app, () => verifyBy(app, change).expect(204));
    return {
      first: { ...(told as ReadMessage), challengeId: '' },
      byLink: (given) => app.post('/email/undo').send({ token: given.token }),
      userId: id,
    };
  },
};

const lockdown: Way = {
  what: 'a link that locks an account down',
  seconds: 7 * DAY,
  async begin(app) {
    const { email, password, id } = await signUp(app);
    const [told] = await messagesDuring(app, () => app.post('/login').send({ email, password }).expect(200));
    return {
      first: { ...(told as ReadMessage), challengeId: '' },
      byLink: (given) => app.post('/lockdown').send({ token: given.token }),
      userId: id,
    };
  },
};

/** Everything that is sent. The app has to tell of new devices. */
export const WAYS: readonly Way[] = [
  byMail,
  bySms,
  signInLink,
  exchangeCode,
  reset,
  verification,
  emailChange,
  phoneChange,
  emailUndo,
  lockdown,
];

/** Those with a code to type. */
export const CODE_WAYS: readonly Way[] = [byMail, bySms, reset, verification, emailChange, phoneChange];

export const LINK_WAYS: readonly Way[] = [
  signInLink,
  exchangeCode,
  reset,
  verification,
  emailChange,
  emailUndo,
  lockdown,
];
