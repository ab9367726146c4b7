// Takes the place of @jest/globals. The names change for whoever has imported them, since a module may outlive a test file.
export let describe;
export let it;
export let expect;
export let beforeAll;
export let beforeEach;
export let afterEach;
export let afterAll;
export let jest;

/** Puts in what the framework and the environment give to the test file that is about to be loaded. */
export function setGlobals(globals) {
  ({ describe, it, expect, beforeAll, beforeEach, afterEach, afterAll, jest } = globals);
}
