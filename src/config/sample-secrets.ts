/** Words of tutorials and templates. A random secret contains one of them about never. */
const SAMPLE_WORDS = [
  /change.?me|replace.?(me|this)|placeholder|example|password|latchkey|test.?suite/i,
  /your.?(256|jwt|secret|super)|secret.?key|(super|ultra|very).?secret|ultra.?secure/i,
  /at.?least.?\d+.?(bit|byte|char)/i,
  /insecure|develop|dev.?only|(in|for|before).?(prod|deploy)|\btodo\b|random.?value|signing.?key|keyboard/i,
  // Nothing but words, as in "correct horse battery staple": a secret is not to be remembered.
  /^[a-z]{1,12}([ _-][a-z]{1,12}){2,}[.!?]*$/,
];

/** Fewer different characters than any 32 random ones have, hexadecimal digits included. */
const MIN_DIFFERENT_CHARACTERS = 10;

/** Keys that tutorials print whole. */
const PRINTED_KEYS: ReadonlySet<string> = new Set([
  '404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970',
  '3cfa76ef14937c1c0ea519f8fc057a80fcd04a7420f8e8bcd0a7567c272e007b',
]);

const REPEATED_PIECE = /^(.{1,16})\1+.{0,15}$/;

/** Whether everybody could know this secret: from a tutorial, from a template, or because it has a pattern. */
export function isSampleSecret(secret: string): boolean {
  const words = SAMPLE_WORDS.some((pattern) => pattern.test(secret));
  const monotonous = new Set(secret).size < MIN_DIFFERENT_CHARACTERS;
  return (
    words || monotonous || PRINTED_KEYS.has(secret) || REPEATED_PIECE.test(secret) || isMostlyRuns(secret)
  );
}

/** `abcdefghijklmnop0123456789...`: more than half of the characters follow the one before them. */
function isMostlyRuns(secret: string): boolean {
  let following = 0;
  for (let index = 1; index < secret.length; index++) {
    if (Math.abs(secret.charCodeAt(index) - secret.charCodeAt(index - 1)) === 1) following++;
  }
  return following > secret.length / 2;
}
