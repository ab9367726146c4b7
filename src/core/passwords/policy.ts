import { type AppError, type FieldError, fieldError } from '../errors.ts';
import { isCommonPassword } from './common.ts';

type OwnWords = readonly (string | null | undefined)[];

export interface PasswordPolicy {
  /**
   * What is wrong with a new password that is too short, too long or easy to guess; null where nothing is. `ownWords` are
   * the person's email address, username and name. There are no composition rules (NIST SP 800-63B-4 section 3.1.1.2).
   */
  readonly problemOf: (password: string, ownWords: OwnWords, pointer: string) => FieldError | null;
  /** @throws AppError validation_failed, pointing at `pointer` */
  readonly assertAcceptable: (password: string, ownWords: OwnWords, pointer: string) => void;
}

/** In code points after NFC, so that one character a person sees is rarely more than one. */
export const MAX_PASSWORD_LENGTH = 256;

/** The most UTF-16 units that NFC can make 256 code points of: it composes a letter from at most four characters. */
const MAX_UNCOMPOSED_LENGTH = 4 * MAX_PASSWORD_LENGTH;

const SERVICE_NAME = 'latchkey';

export function createPasswordPolicy(minLength: number): PasswordPolicy {
  function problemOf(password: string, ownWords: OwnWords, pointer: string): FieldError | null {
    const problem = (code: FieldError['code'], detail: string) => ({ pointer, code, detail });
    const length = lengthOf(password);
    if (length < minLength) {
      return problem('password_too_short', `A password has at least ${minLength} characters.`);
    }
    if (length > MAX_PASSWORD_LENGTH) {
      return problem('password_too_long', `A password has at most ${MAX_PASSWORD_LENGTH} characters.`);
    }
    if (isAnyOf(password, [SERVICE_NAME, ...ownWords.flatMap(variants)])) {
      const detail =
        'A password must not be your email address, username or name, nor the name of this service.';
      return problem('password_personal', detail);
    }
    if (isCommonPassword(password)) {
      return problem('password_common', 'This password is among the first that attackers try.');
    }
    return null;
  }

  return {
    problemOf,
    assertAcceptable(password, ownWords, pointer) {
      const found = problemOf(password, ownWords, pointer);
      if (found !== null) throw fieldError(found.pointer, found.code, found.detail);
    },
  };
}

/**
 * Refuses a new password that is the current one: they are hashed after NFC.
 * @throws AppError validation_failed, pointing at `pointer`
 */
export function assertChanged(newPassword: string, currentPassword: string, pointer: string): void {
  if (newPassword.normalize('NFC') === currentPassword.normalize('NFC')) throw passwordUnchanged(pointer);
}

export function passwordUnchanged(pointer: string): AppError {
  return fieldError(pointer, 'password_unchanged', 'Choose a password that differs from the current one.');
}

/**
 * In code points after NFC. A text that is too long however it is composed is not composed first, since normalizing
 * takes time quadratic in its length.
 */
function lengthOf(password: string): number {
  return password.length > MAX_UNCOMPOSED_LENGTH ? password.length : [...password.normalize('NFC')].length;
}

/** An email address also stands for the part before its @. */
function variants(word: string | null | undefined): string[] {
  if (word === null || word === undefined) return [];
  return [word, word.split('@', 1)[0] ?? word];
}

function isAnyOf(password: string, words: readonly string[]): boolean {
  return words.some((word) => VIEWS.some((view) => view(word) !== '' && view(word) === view(password)));
}

/** The form in which a password and a word are compared: without case, signs, and padding around the word. */
const VIEWS = [folded, lettersAndDigits, core];

function folded(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

function lettersAndDigits(text: string): string {
  return folded(text).replace(/[^\p{L}\p{N}]/gu, '');
}

/** What is left without the digits and signs that people put around a word: `Alice2024!` is `alice`. */
function core(text: string): string {
  return lettersAndDigits(text).replace(/^\p{N}+|\p{N}+$/gu, '');
}
