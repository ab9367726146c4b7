import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { AppError, type FieldError } from '../../src/core/errors.ts';
import { parse } from '../../src/http/parse.ts';

const Person = z.strictObject({ name: z.string(), age: z.number().optional() });

function refusalOf(schema: z.ZodType, body: unknown): AppError {
  try {
    parse(schema, body);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error('the body was accepted');
}

function fieldsOf(schema: z.ZodType, body: unknown): readonly FieldError[] {
  return refusalOf(schema, body).fields ?? [];
}

/** What an RFC 6901 reader finds in `document` at `pointer`. */
function resolvePointer(document: unknown, pointer: string): unknown {
  const keys = pointer.split('/').slice(1);
  return keys
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((value, key) => (value as Record<string, unknown>)[key], document);
}

describe('a body that fits its schema', () => {
  it('comes back as the schema transforms it', () => {
    const schema = z.strictObject({ name: z.string().transform((name) => name.trim()) });

    expect(parse(schema, { name: ' Ada ' })).toEqual({ name: 'Ada' });
  });
});

describe('the validation_failed of a body that does not fit', () => {
  it.each<[what: string, body: unknown, detail: string]>([
    ['missing', undefined, 'Required: an object.'],
    ['null', null, 'Must be an object, not null.'],
    ['a list', [], 'Must be an object, not an array.'],
    ['text', '{}', 'Must be an object, not a string.'],
    ['a number', 7, 'Must be an object, not a number.'],
    ['a truth value', true, 'Must be an object, not a boolean.'],
  ])('points at the whole body when that is %s', (_what, body, detail) => {
    const refusal = refusalOf(Person, body);

    expect(refusal.code).toBe('validation_failed');
    expect(refusal.fields).toEqual([expect.objectContaining({ pointer: '', detail })]);
    expect(refusal.detail).toBe(`The body: ${detail}`);
  });

  it.each<[what: string, value: unknown, field: Omit<FieldError, 'pointer'>]>([
    ['is missing', undefined, { code: 'required', detail: 'Required: a string.' }],
    ['is null', null, { code: 'wrong_type', detail: 'Must be a string, not null.' }],
    ['is a number', 7, { code: 'wrong_type', detail: 'Must be a string, not a number.' }],
    ['is a truth value', false, { code: 'wrong_type', detail: 'Must be a string, not a boolean.' }],
    ['is a list', ['Ada'], { code: 'wrong_type', detail: 'Must be a string, not an array.' }],
    ['is an object', { $ne: null }, { code: 'wrong_type', detail: 'Must be a string, not an object.' }],
  ])('names the type that is wanted and the one it got when a field %s', (_what, value, field) => {
    expect(fieldsOf(Person, { name: value })).toEqual([{ pointer: '/name', ...field }]);
  });

  it('lists every faulty field at once, also in the detail', () => {
    const refusal = refusalOf(Person, { age: 'old', colour: 'red' });

    expect(refusal.fields?.map(({ pointer, code }) => [pointer, code])).toEqual([
      ['/name', 'required'],
      ['/age', 'wrong_type'],
      ['/colour', 'unknown_field'],
    ]);
    expect(refusal.detail).toContain('/name: Required: a string.');
    expect(refusal.detail).toContain('/age: Must be a number, not a string.');
    expect(refusal.detail).toContain('/colour: Unknown field.');
  });

  it('has the code and the text of a rule that a schema adds', () => {
    const schema = z.string().refine(() => false, { message: 'Must rhyme.', params: { code: 'no_rhyme' } });

    expect(fieldsOf(z.strictObject({ verse: schema }), { verse: 'x' })).toEqual([
      { pointer: '/verse', code: 'no_rhyme', detail: 'Must rhyme.' },
    ]);
  });

  it('has the code invalid for a rule that has none of its own', () => {
    expect(fieldsOf(z.strictObject({ verse: z.string().refine(() => false) }), { verse: 'x' })).toEqual([
      expect.objectContaining({ pointer: '/verse', code: 'invalid' }),
    ]);
    expect(fieldsOf(z.strictObject({ verse: z.string().min(5) }), { verse: 'x' })).toEqual([
      expect.objectContaining({ pointer: '/verse', code: 'invalid' }),
    ]);
  });
});

describe('a key that every object has', () => {
  it.each(['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty'])(
    'is an unknown field when a body brings it: %s',
    (key) => {
      const body: unknown = JSON.parse(`{"name":"Ada","${key}":{"age":7}}`);

      expect(fieldsOf(Person, body)).toEqual([
        { pointer: `/${key}`, code: 'unknown_field', detail: 'Unknown field.' },
      ]);
      expect(({} as Record<string, unknown>).age).toBeUndefined();
    },
  );

  it('does not stand in for a field that is missing', () => {
    const body: unknown = JSON.parse('{"__proto__":{"name":"Ada"}}');

    expect(fieldsOf(Person, body).map(({ pointer }) => pointer)).toEqual(['/name', '/__proto__']);
  });
});

describe('the pointer of a field', () => {
  it.each([
    ['a/b', '/a~1b'],
    ['m~n', '/m~0n'],
    ['~1', '/~01'],
    ['~0/~1', '/~00~1~01'],
    ['', '/'],
    [' ', '/ '],
    ['é"\\', '/é"\\'],
    ['\r\nSet-Cookie: x', '/\r\nSet-Cookie: x'],
  ])('of the key %j is %j, as RFC 6901 has it', (key, pointer) => {
    const body = { name: 'Ada', [key]: 'here' };

    expect(fieldsOf(Person, body)).toEqual([expect.objectContaining({ pointer })]);
    expect(resolvePointer(body, pointer)).toBe('here');
  });

  it('leads through objects and lists', () => {
    const schema = z.strictObject({ people: z.array(z.strictObject({ 'first/name': z.string() })) });
    const body = { people: [{ 'first/name': 'Ada' }, { 'first/name': 7, x: 1 }] };

    expect(fieldsOf(schema, body).map(({ pointer }) => pointer)).toEqual([
      '/people/1/first~1name',
      '/people/1/x',
    ]);
    expect(resolvePointer(body, '/people/1/first~1name')).toBe(7);
  });

  it('is cut after 100 characters, so that a long key does not fill the answer', () => {
    const [field] = fieldsOf(Person, { name: 'Ada', ['k'.repeat(50_000)]: 1 });

    expect(field?.pointer).toBe(`/${'k'.repeat(99)}…`);
  });

  it('is whole up to 100 characters', () => {
    const key = 'k'.repeat(99);

    expect(fieldsOf(Person, { name: 'Ada', [key]: 1 })).toEqual([
      expect.objectContaining({ pointer: `/${key}` }),
    ]);
  });

  it('is never cut through the middle of a character', () => {
    for (const before of ['', 'k']) {
      const [field] = fieldsOf(Person, { name: 'Ada', [before + '🔑'.repeat(200)]: 1 });

      expect(field?.pointer.isWellFormed()).toBe(true);
    }
  });

  it('is never cut through the middle of an escape', () => {
    for (const before of ['', 'k']) {
      const [field] = fieldsOf(Person, { name: 'Ada', [before + '~'.repeat(200)]: 1 });

      expect(field?.pointer).not.toMatch(/~(?![01])/);
    }
  });
});

describe('the answer to a body with a thousand faults', () => {
  const unknown = Object.fromEntries(
    Array.from({ length: 1000 }, (_, index) => [`${'k'.repeat(90)}${index}`, 1]),
  );
  const tags = { tags: Array.from({ length: 1000 }, () => 7) };

  it('lists twenty of them when its keys are unknown', () => {
    expect(fieldsOf(Person, { name: 'Ada', ...unknown })).toHaveLength(20);
  });

  it('lists twenty of them when its values are of the wrong type', () => {
    expect(fieldsOf(z.strictObject({ tags: z.array(z.string()) }), tags)).toHaveLength(20);
  });

  it('is short, the detail included', () => {
    const { detail, fields } = refusalOf(Person, { name: 'Ada', ...unknown });

    expect(JSON.stringify({ detail, fields }).length).toBeLessThan(10_000);
  });

  it('lists all of them up to twenty', () => {
    const few = Object.fromEntries(Object.entries(unknown).slice(0, 20));

    expect(fieldsOf(Person, { name: 'Ada', ...few })).toHaveLength(20);
  });
});

describe('a value', () => {
  const CANARY = 'canary-4711';

  it.each<[what: string, schema: z.ZodType, value: unknown]>([
    ['of a wrong type', z.number(), CANARY],
    ['inside an object of a wrong type', z.string(), { password: CANARY }],
    ['inside a list of a wrong type', z.string(), [CANARY]],
    ['of none of the choices', z.enum(['a', 'b']), CANARY],
    ['other than the one allowed', z.literal('a'), CANARY],
    ['that is too short', z.string().min(100), CANARY],
    ['that is too long', z.string().max(1), CANARY],
    ['of a wrong format', z.email(), CANARY],
    ['that is no identifier', z.uuid(), CANARY],
    ['that breaks a pattern', z.string().regex(/^x$/), CANARY],
    ['that breaks a rule', z.string().refine(() => false), CANARY],
    ['that fits no alternative', z.union([z.number(), z.boolean()]), CANARY],
    ['of an unknown field', z.strictObject({}), { password: CANARY }],
  ])('is never repeated when it is one %s', (_what, schema, value) => {
    const refusal = refusalOf(z.strictObject({ field: schema }), { field: value });

    expect(refusal.fields).not.toHaveLength(0);
    expect(JSON.stringify([refusal.message, refusal.detail, refusal.fields])).not.toContain(CANARY);
    expect(refusal.cause).toBeUndefined();
  });
});
