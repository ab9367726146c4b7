import { STATUS_CODES } from 'node:http';
import { describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { z } from 'zod';
import { AppError, ERRORS, type ErrorCode, fieldError } from '../../src/core/errors.ts';
import { anyone } from '../../src/http/access.ts';
import type { FixedContent } from '../../src/http/fixed-content.ts';
import { createMessageClasses } from '../../src/http/messages.ts';
import { mount } from '../../src/http/mount.ts';
import { createPlainApp } from '../../src/http/plain-app.ts';
import { challenge, PROBLEM_MEDIA_TYPE, Problem, presentProblem } from '../../src/http/problem.ts';
import { routesWith } from '../../src/http/route.ts';
import { createLogger } from '../../src/runtime/logger.ts';
import { createLogSink } from '../support/logs.ts';

const PUBLIC_URL = 'https://auth.example.com';
const CODES = Object.keys(ERRORS) as ErrorCode[];

/** The status of each code. */
const STATUS_OF = Object.fromEntries(CODES.map((code) => [code, ERRORS[code].status])) as Record<
  ErrorCode,
  number
>;

describe('the table from code to status', () => {
  it.each(CODES)('gives %s a status of HTTP that is a refusal', (code) => {
    expect(STATUS_CODES[STATUS_OF[code]]).toBeDefined();
    expect(STATUS_OF[code]).toBeGreaterThanOrEqual(400);
  });

  // Codes and statuses are public API: a row that changes here is a breaking change.
  it('is what clients were promised', () => {
    expect(STATUS_OF).toEqual({
      invalid_request: 400,
      invalid_json: 400,
      validation_failed: 400,
      credentials_conflict: 400,
      cookie_not_settable: 400,
      token_missing: 401,
      token_invalid: 401,
      token_expired: 401,
      token_revoked: 401,
      session_ended: 401,
      invalid_refresh_token: 401,
      invalid_reset_token: 400,
      refresh_token_reused: 401,
      invalid_credentials: 401,
      insufficient_scope: 403,
      user_required: 403,
      wrong_password: 403,
      signup_disabled: 403,
      session_required: 403,
      cookie_required: 403,
      origin_not_allowed: 403,
      csrf_token_invalid: 403,
      session_not_found: 404,
      role_not_found: 404,
      permission_not_found: 404,
      not_found: 404,
      method_not_allowed: 405,
      last_admin: 409,
      unknown_role: 409,
      role_taken: 409,
      role_in_use: 409,
      role_protected: 409,
      unknown_permission: 409,
      permission_taken: 409,
      permission_in_use: 409,
      permission_protected: 409,
      scope_too_large: 409,
      api_key_not_found: 404,
      client_not_found: 404,
      secret_not_found: 404,
      too_many_secrets: 409,
      too_many_api_keys: 409,
      user_not_found: 404,
      user_disabled: 409,
      password_change_required: 403,
      email_taken: 409,
      username_taken: 409,
      cursor_too_old: 410,
      payload_too_large: 413,
      unsupported_media_type: 415,
      invalid_code: 400,
      code_expired: 400,
      code_replaced: 400,
      code_used: 400,
      too_many_tries: 400,
      invalid_link: 400,
      invalid_challenge: 400,
      challenge_expired: 400,
      challenge_used: 400,
      second_factor_required: 403,
      invalid_factor: 403,
      factor_enrolment_required: 403,
      factor_not_allowed: 403,
      factor_not_found: 404,
      device_not_found: 404,
      too_many_factors: 409,
      last_factor: 409,
      invalid_passkey: 400,
      passkey_unknown: 404,
      passkey_copied: 403,
      passkey_taken: 409,
      passkey_not_found: 404,
      too_many_passkeys: 409,
      channel_not_configured: 501,
      email_not_verified: 403,
      insufficient_user_authentication: 401,
      last_sign_in_method: 409,
      phone_taken: 409,
      provider_not_found: 404,
      invalid_state: 400,
      access_denied: 403,
      provider_unavailable: 503,
      provider_error: 502,
      invalid_id_token: 400,
      id_token_used: 400,
      account_exists: 409,
      account_disabled: 403,
      email_required: 403,
      email_domain_not_allowed: 403,
      identity_taken: 409,
      identity_not_found: 404,
      too_many_identities: 409,
      provider_token_missing: 404,
      provider_access_ended: 409,
      rate_limited: 429,
      internal_error: 500,
      overloaded: 503,
      session_store_unavailable: 503,
      database_behind: 503,
      database_unavailable: 503,
      revocations_stale: 503,
      not_ready: 503,
    });
  });

  it.each(CODES)('has a title and a meaning for %s, which people read', (code) => {
    expect(ERRORS[code].title).toMatch(/^[A-Z].*[^.]$/);
    expect(ERRORS[code].meaning).toMatch(/^[A-Z].*\.$/);
  });
});

describe('a problem document', () => {
  it.each(CODES)('of %s has exactly the members of RFC 9457 and the code', (code) => {
    const problem = presentProblem(new AppError(code, 'What happened.'), PUBLIC_URL, 'request-7');

    expect(problem).toEqual({
      type: `https://auth.example.com/docs/errors#${code}`,
      title: ERRORS[code].title,
      status: STATUS_OF[code],
      detail: 'What happened.',
      instance: 'urn:latchkey:request:request-7',
      code,
    });
    expect(Problem.strict().parse(problem)).toEqual(problem);
  });

  it('says what the code means where nothing more is known', () => {
    const problem = presentProblem(new AppError('token_missing'), PUBLIC_URL, 'request-7');

    expect(problem.detail).toBe(ERRORS.token_missing.meaning);
  });

  it('lists the faulty fields', () => {
    const problem = presentProblem(fieldError('/email', 'invalid_email', 'No address.'), PUBLIC_URL, 'r');

    expect(problem).toMatchObject({
      status: 400,
      code: 'validation_failed',
      detail: 'No address.',
      errors: [{ pointer: '/email', code: 'invalid_email', detail: 'No address.' }],
    });
    expect(Problem.strict().parse(problem)).toEqual(problem);
  });

  it('never holds the cause, which is for the operator', () => {
    const error = new AppError('database_unavailable', undefined, { cause: new Error('canary') });

    expect(JSON.stringify(presentProblem(error, PUBLIC_URL, 'r'))).not.toContain('canary');
    expect(error.cause).toEqual(new Error('canary'));
  });
});

describe('the challenge of a 401', () => {
  it.each(['token_invalid', 'token_expired', 'token_revoked'] as const)(
    'names the error invalid_token for %s',
    (code) => {
      expect(challenge(code)).toBe(
        `Bearer realm="latchkey", error="invalid_token", error_description="${ERRORS[code].title}"`,
      );
    },
  );

  it('names the error invalid_request for a broken header', () => {
    expect(challenge('invalid_request')).toMatch(/^Bearer realm="latchkey", error="invalid_request", /);
  });

  it.each(['token_missing', 'invalid_credentials'] as const)('names no error for %s', (code) => {
    expect(challenge(code)).toBe('Bearer realm="latchkey"');
  });

  it.each(CODES)('is a legal header for %s: printable ASCII, no quotes within quotes', (code) => {
    expect(challenge(code)).toMatch(
      /^Bearer realm="latchkey"(, error="\w+", error_description="[\x20\x21\x23-\x5b\x5d-\x7e]+")?$/,
    );
  });
});

describe('whatever a route throws', () => {
  /** A service of one route that does `handle`, and its answer to GET /. */
  async function answerOf(content: FixedContent) {
    const logs = createLogSink();
    const route = routesWith<null>()({
      id: 'one',
      method: 'GET',
      path: '/',
      access: anyone(),
      answers: { 200: { description: 'Never sent', schema: z.unknown() } },
      handle: () => ({ status: 200 as const, content }),
    });
    const logger = createLogger('trace', logs);
    const app = createPlainApp(mount([route], null), {
      messageClasses: createMessageClasses(),
      publicUrl: PUBLIC_URL,
      logger,
    });
    const response = await request(app).get('/');
    return { response, logs };
  }

  const throwing = (thrown: unknown) =>
    answerOf(async () => {
      throw thrown;
    });

  it.each(CODES)('%s is answered with its status and its problem document', async (code) => {
    const { response } = await throwing(new AppError(code));

    expect(response.status).toBe(STATUS_OF[code]);
    expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(response.type).toBe(PROBLEM_MEDIA_TYPE);
    const id = response.headers['x-request-id'] ?? '';
    expect(JSON.parse(response.text)).toEqual(presentProblem(new AppError(code), PUBLIC_URL, id));
  });

  it.each(CODES.filter((code) => STATUS_OF[code] === 401))('%s has a challenge', async (code) => {
    const { response } = await throwing(new AppError(code));

    expect(response.headers['www-authenticate']).toBe(challenge(code));
  });

  it.each(CODES.filter((code) => STATUS_OF[code] !== 401))('%s has no challenge', async (code) => {
    const { response } = await throwing(new AppError(code));

    expect(response.headers).not.toHaveProperty('www-authenticate');
  });

  it.each(CODES.filter((code) => STATUS_OF[code] === 503))('%s says when to try again', async (code) => {
    const { response } = await throwing(new AppError(code));

    expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/);
  });

  it('the headers of a refusal go out with it', async () => {
    const { response } = await throwing(
      new AppError('method_not_allowed', undefined, { headers: { Allow: 'GET, HEAD' } }),
    );

    expect(response.headers.allow).toBe('GET, HEAD');
  });

  it.each<[what: string, thrown: unknown]>([
    ['an error', new Error('canary: SELECT * FROM users at /srv/app.js')],
    ['a TypeError', new TypeError('canary')],
    ['text', 'canary'],
    ['null', null],
    ['a number', 7],
    ['an object', { status: 200, message: 'canary' }],
    [
      'an object that poses as an HTTP error',
      { status: 404, statusCode: 404, expose: true, message: 'canary' },
    ],
    ['an error with a status of 200', Object.assign(new Error('canary'), { status: 200 })],
    ['an error with a status of 500', Object.assign(new Error('canary'), { status: 500, expose: true })],
    ['an error with a status of 999', Object.assign(new Error('canary'), { status: 999 })],
    ['an error with a status that is text', Object.assign(new Error('canary'), { status: '400' })],
  ])('%s that was not expected is a 500 which tells nothing of it', async (_what, thrown) => {
    // Express takes a falsy value for: no error.
    const { response } = await throwing(thrown ?? new Error('canary'));

    expect(response.status).toBe(500);
    expect(response.body.code ?? JSON.parse(response.text).code).toBe('internal_error');
    expect(response.text).not.toContain('canary');
    expect(JSON.stringify(response.headers)).not.toContain('canary');
  });

  it('a fault of the request that Express found is a 400, whatever it calls itself', async () => {
    for (const status of [400, 413, 415]) {
      const { response } = await throwing(Object.assign(new Error('canary'), { status, body: 'canary' }));

      expect(response.status).toBe(400);
      expect(JSON.parse(response.text)).toMatchObject({ status: 400, code: 'invalid_request' });
      expect(response.text).not.toContain('canary');
    }
  });

  it('what is a 500 is logged with its cause and the id that the answer names', async () => {
    const { response, logs } = await throwing(
      new AppError('internal_error', undefined, { cause: new Error('the disk is full') }),
    );

    const id = response.headers['x-request-id'];
    expect(JSON.parse(response.text).instance).toBe(`urn:latchkey:request:${id}`);
    expect(logs.entries()).toContainEqual(
      expect.objectContaining({
        level: 50,
        req: expect.objectContaining({ id }),
        err: expect.objectContaining({ message: 'the disk is full' }),
      }),
    );
  });

  it('what is the fault of the caller is no error in the log', async () => {
    const { logs } = await throwing(new AppError('email_taken'));

    expect(logs.entries().filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  it('after the answer has begun cuts the connection, so that no client takes half for the whole', async () => {
    const broken = answerOf(async (_req, res) => {
      res.status(200).type('application/json').write('{"half":');
      throw new Error('too late');
    });

    await expect(broken).rejects.toThrow(/aborted|socket hang up|ECONNRESET/);
  });
});
