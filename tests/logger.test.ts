import { describe, expect, it } from '@jest/globals';
import { DatabaseError, DataTypes, Sequelize, UniqueConstraintError, ValidationErrorItem } from 'sequelize';
import { AppError } from '../src/core/errors.ts';
import { createLogger } from '../src/runtime/logger.ts';
import { createLogSink } from './support/logs.ts';

/** The one line that `log` makes, as text and parsed. */
function lineOf(log: (logger: ReturnType<typeof createLogger>) => void, level = 'trace') {
  const sink = createLogSink();
  log(createLogger(level, sink));
  expect(sink.lines).toHaveLength(1);
  return { text: sink.lines[0] ?? '', entry: sink.entries()[0] ?? {} };
}

const User = new Sequelize({ dialect: 'sqlite' }).define('users', { email_canonical: DataTypes.STRING });

/** As a driver throws it and Sequelize wraps it: with the statement and the values that were bound. */
function databaseError(): DatabaseError {
  const parent = Object.assign(new Error('Deadlock found when trying to get lock'), {
    code: 'ER_LOCK_DEADLOCK',
    errno: 1213,
    sqlState: '40001',
    sqlMessage: 'Deadlock found; canary-message',
    sql: "INSERT INTO users VALUES ('canary-sql')",
    parameters: ['canary-parameter'],
  });
  return new DatabaseError(parent);
}

describe('an error in the log', () => {
  it('has its type, message, code and stack', () => {
    const error = Object.assign(new TypeError('it broke'), { code: 'E_BROKEN' });

    const { entry } = lineOf((logger) => logger.error({ err: error }, 'failed'));

    expect(entry).toMatchObject({
      level: 50,
      msg: 'failed',
      err: { type: 'TypeError', message: 'it broke', code: 'E_BROKEN', stack: error.stack },
    });
  });

  it('of Sequelize has neither the SQL text nor the bound values', () => {
    const { text, entry } = lineOf((logger) => logger.error({ err: databaseError() }, 'failed'));

    expect(text).not.toContain('canary');
    expect(text).not.toContain('INSERT');
    expect(entry.err).toMatchObject({
      type: 'SequelizeDatabaseError',
      message: 'Deadlock found when trying to get lock',
    });
    expect(Object.keys(entry.err as object).sort()).toEqual(['code', 'message', 'stack', 'type']);
  });

  it('of Sequelize has neither of them as the cause of another error, however deep', () => {
    const error = new AppError('internal_error', undefined, {
      cause: new Error('the store failed', { cause: databaseError() }),
    });

    const { text, entry } = lineOf((logger) => logger.error({ err: error }, 'failed'));

    expect(text).not.toContain('canary');
    expect(text).not.toContain('INSERT');
    expect(entry).toMatchObject({
      err: {
        type: 'AppError',
        cause: {
          message: 'the store failed',
          cause: { type: 'SequelizeDatabaseError', message: 'Deadlock found when trying to get lock' },
        },
      },
    });
  });

  it('of a unique constraint does not name the email address that was taken', () => {
    const item = new ValidationErrorItem(
      'email_canonical must be unique',
      'unique violation',
      'email_canonical',
      'canary@example.com',
      User.build({ email_canonical: 'canary@example.com' }),
      'not_unique',
      'canary',
      ['canary'],
    );
    const parent = Object.assign(new Error("Duplicate entry 'canary@example.com' for key 'users.email'"), {
      name: 'Error',
      sql: "INSERT INTO users VALUES ('canary@example.com')",
    });
    const error = new UniqueConstraintError({
      parent,
      errors: [item],
      fields: { email_canonical: 'canary@example.com' },
      message: 'Validation error',
    });

    const { text } = lineOf((logger) => logger.error({ err: error }, 'failed'));

    expect(text).not.toContain('canary');
  });

  it('does not bring along what else hangs on it, in whatever way it is logged', () => {
    const error = Object.assign(new Error('it broke'), {
      headers: { authorization: 'Bearer canary' },
      body: { password: 'canary' },
      config: { secret: 'canary' },
      errors: [new Error('canary')],
      toJSON: () => ({ secret: 'canary' }),
    });

    const ways: ((logger: ReturnType<typeof createLogger>) => void)[] = [
      (logger) => logger.error({ err: error }, 'failed'),
      (logger) => logger.error({ err: error }),
      (logger) => logger.error(error, 'failed'),
      (logger) => logger.error(error),
      (logger) => logger.child({ part: 'x' }).error({ err: error }, 'failed'),
    ];
    for (const way of ways) {
      const { text, entry } = lineOf(way);
      expect(text).not.toContain('canary');
      expect(entry.err).toMatchObject({ type: 'Error', message: 'it broke' });
    }
  });

  it.each<[what: string, thrown: unknown]>([
    ['text', 'canary'],
    ['an object', { password: 'canary' }],
    ['a list', ['canary']],
    ['null', null],
  ])('that is no Error but %s is not printed', (_what, thrown) => {
    const { text } = lineOf((logger) => logger.error({ err: thrown }, 'failed'));

    expect(text).not.toContain('canary');
  });

  it('whose cause is no Error does not print that cause', () => {
    const error = new Error('it broke', { cause: { password: 'canary' } });

    const { text } = lineOf((logger) => logger.error({ err: error }, 'failed'));

    expect(text).toContain('it broke');
    expect(text).not.toContain('canary');
  });

  it('whose cause leads back to itself is logged all the same', () => {
    const first = new Error('first');
    const second = new Error('second', { cause: first });
    first.cause = second;

    const { entry } = lineOf((logger) => logger.error({ err: first }, 'failed'));

    expect(entry).toMatchObject({ msg: 'failed', err: { message: 'first', cause: { message: 'second' } } });
  });
});

describe('a log line', () => {
  it.each(['\n', '\r', '\r\n', '\u2028', '\0', '\x1b[2J'])(
    'stays one line of JSON when a message, a value, a key or an error holds %j',
    (breaker) => {
      const forged = `harmless${breaker}{"level":50,"msg":"forged"}`;
      const error = new Error(forged);

      const { text, entry } = lineOf((logger) =>
        logger.error({ err: error, path: forged, [forged]: 1, nested: { list: [forged] } }, forged),
      );

      expect([...text.trimEnd()].filter((character) => character < ' ')).toEqual([]);
      expect(text.endsWith('\n')).toBe(true);
      expect(entry).toMatchObject({ msg: forged, path: forged, err: { message: forged } });
    },
  );

  it('has a time and a level and nothing about the host', () => {
    const { entry } = lineOf((logger) => logger.info('hello'));

    expect(entry).toEqual({ level: 30, time: expect.any(Number), msg: 'hello' });
  });

  it('below the configured level is not written', () => {
    const sink = createLogSink();
    const logger = createLogger('warn', sink);

    logger.info('quiet');
    logger.warn('loud');

    expect(sink.entries().map(({ msg }) => msg)).toEqual(['loud']);
  });

  it('is not written at all when the level is silent', () => {
    const sink = createLogSink();

    createLogger('silent', sink).fatal('quiet');

    expect(sink.lines).toEqual([]);
  });
});
