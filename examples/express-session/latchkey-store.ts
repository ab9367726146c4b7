import { createHash } from 'node:crypto';
import { type SessionData, Store } from 'express-session';

declare module 'express-session' {
  /** The names are those of a JWT. */
  interface SessionData {
    sub: string;
    sid: string;
    roles?: string[];
    scope?: string;
    /** When Latchkey read roles and scope, in seconds since 1970. */
    iat: number;
  }
}

/** Reads sessions of Latchkey from its Redis. Latchkey alone writes them. */
export class LatchkeyStore extends Store {
  readonly #redis: { get(key: string): Promise<string | null> };

  constructor(redis: { get(key: string): Promise<string | null> }) {
    super();
    this.#redis = redis;
  }

  /** Redis has the SHA-256 of what is in the cookie, so that nobody who reads Redis can sign in. */
  override get(id: string, done: (error: unknown, session?: SessionData | null) => void): void {
    const key = `latchkey:session:${createHash('sha256').update(id).digest('base64url')}`;
    this.#redis
      .get(key)
      .then((text) => text && { ...JSON.parse(text), cookie: { originalMaxAge: null } })
      .then((session) => done(null, session), done);
  }

  override set(_id: string, _session: SessionData, done: (error?: unknown) => void = () => {}): void {
    done(new Error('sessions of Latchkey are read-only here'));
  }

  override destroy(_id: string, done: (error?: unknown) => void = () => {}): void {
    done(new Error('POST /logout at Latchkey ends a session'));
  }
}
