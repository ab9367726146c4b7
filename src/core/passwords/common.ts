import { dictionary } from '@zxcvbn-ts/language-common';

/** 49,233 passwords that leaks contain most. The list leaves out what a pattern finds, so the patterns are below. */
const LEAKED: ReadonlySet<string> = new Set(dictionary['passwords-common']);

const KEYBOARD_ROWS = ['1234567890', 'qwertyuiop', 'asdfghjkl', 'zxcvbnm'];
const MAX_PIECE_LENGTH = 4;

/** Longer ones are beyond what attackers try, whatever their pattern. */
const MAX_PATTERN_LENGTH = 15;

/**
 * Whether attackers try this password first: leaked often, as it is or backwards, in any case; or short and a piece
 * of up to four characters or a leaked password over and over, a run of characters, a row of keys.
 */
export function isCommonPassword(password: string): boolean {
  const text = password.normalize('NFC').toLowerCase();
  if (LEAKED.has(text) || LEAKED.has(reversed(text))) return true;
  return [...text].length <= MAX_PATTERN_LENGTH && (isRepetition(text) || isRun(text) || isKeyboardRow(text));
}

/** `abababa`, `adminadmin`, `88888888`. */
function isRepetition(text: string): boolean {
  for (let length = 1; length <= text.length / 2; length++) {
    const piece = text.slice(0, length);
    const repeated = piece.repeat(Math.ceil(text.length / length)).slice(0, text.length);
    if (repeated === text) return [...piece].length <= MAX_PIECE_LENGTH || LEAKED.has(piece);
  }
  return false;
}

/** `abcdefgh`, `98765432`. */
function isRun(text: string): boolean {
  const codes = [...text].map((character) => character.codePointAt(0) ?? 0);
  const step = (codes[1] ?? 0) - (codes[0] ?? 0);
  return (
    Math.abs(step) === 1 &&
    codes.every((code, index) => index === 0 || code - (codes[index - 1] ?? 0) === step)
  );
}

function isKeyboardRow(text: string): boolean {
  return KEYBOARD_ROWS.some((row) => row.includes(text) || reversed(row).includes(text));
}

function reversed(text: string): string {
  return [...text].reverse().join('');
}
