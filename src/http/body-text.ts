import { AppError } from '../core/errors.ts';

/** As deep as anything that a route takes, and a few levels more, so that a wrong field is named as such. */
const MAX_JSON_DEPTH = 8;

/** The parameters of a form in the order they were sent in, repetitions and all. */
export type FormParameters = readonly (readonly [name: string, value: string])[];

const [QUOTE, COMMA, BACKSLASH] = [0x22, 0x2c, 0x5c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];
const BYTE_ORDER_MARK = /^\ufeff/;

/**
 * The JSON of a body: the schema says what it must be. JSON that is nested too deeply or has too many values is refused
 * before it is parsed, which costs a thousand times what counting does.
 * @throws AppError invalid_json, payload_too_large
 */
export function parseJson(bytes: Buffer, maxValues: number): unknown {
  assertWithinLimits(bytes, maxValues);
  try {
    return JSON.parse(bytes.toString().replace(BYTE_ORDER_MARK, ''));
  } catch (cause) {
    throw new AppError('invalid_json', undefined, { cause });
  }
}

/** Each value follows a comma or the bracket that opens what holds it. Text that is not JSON is left to the parser. */
function assertWithinLimits(bytes: Buffer, maxValues: number): void {
  let depth = 0;
  let values = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === COMMA) values++;
    else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      values++;
      depth++;
      if (depth > MAX_JSON_DEPTH) {
        throw new AppError(
          'payload_too_large',
          `The body must not exceed ${MAX_JSON_DEPTH} levels of nesting.`,
        );
      }
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) depth--;
    if (values > maxValues) {
      throw new AppError('payload_too_large', `The body must not exceed ${maxValues} values.`);
    }
  }
}

/**
 * The parameters of a form (RFC 6749 appendix B).
 * @throws AppError payload_too_large, invalid_request
 */
export function parseForm(bytes: Buffer, maxParameters: number): FormParameters {
  const pairs = bytes.toString().split('&', maxParameters + 1);
  if (pairs.length > maxParameters) {
    throw new AppError('payload_too_large', `The form must not exceed ${maxParameters} parameters.`);
  }
  try {
    return pairs.filter((pair) => pair !== '').map(readPair);
  } catch (cause) {
    throw new AppError('invalid_request', 'The form has malformed escapes.', { cause });
  }
}

function readPair(pair: string): readonly [string, string] {
  const equals = pair.indexOf('=');
  if (equals === -1) return [decode(pair), ''];
  return [decode(pair.slice(0, equals)), decode(pair.slice(equals + 1))];
}

function decode(text: string): string {
  return decodeURIComponent(text.replaceAll('+', ' '));
}
