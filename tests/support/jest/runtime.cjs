const asyncHooks = require('node:async_hooks');
const { register } = require('node:module');
const { pathToFileURL } = require('node:url');
const { nameSources, withoutSources } = require('./stacks.cjs');

// What a test file gets as @jest/globals.
const GLOBALS = pathToFileURL(require.resolve('./globals.mjs')).href;
const HOOKS = `export const resolve = (specifier, context, next) =>
  specifier === '@jest/globals' ? { url: '${GLOBALS}', shortCircuit: true } : next(specifier, context);`;

const hooked = import('tsx/esm/api').then(async (tsx) => {
  tsx.register();
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`);
  return import(GLOBALS);
});

const WRITABLE = { configurable: true, enumerable: true, writable: true };

/**
 * What the framework gets in the place of an AsyncLocalStorage, to know which test an error belongs to. Tests run one
 * after another, so it is the one that runs; with a real one every promise would pass through hooks of Node, and carry
 * the values of all files.
 */
class RunningTest {
  getStore() {
    return this.store;
  }

  async run(store, callback) {
    const outer = this.store;
    this.store = store;
    try {
      return await callback();
    } finally {
      this.store = outer;
    }
  }
}

/** Those that libraries use in a test file, such as Playwright: each would cost the files after it the same. */
const storages = new Set();
for (const method of ['run', 'enterWith']) {
  const original = asyncHooks.AsyncLocalStorage.prototype[method];
  asyncHooks.AsyncLocalStorage.prototype[method] = function (...args) {
    storages.add(this);
    return original.apply(this, args);
  };
}

/**
 * What Jest asks of its runtime, done by Node: a module is loaded once for all files of a worker instead of once for
 * each, which took more time than the tests; docs/decisions/0034 says what that costs.
 */
module.exports = class {
  constructor(_config, environment) {
    this.environment = environment;
  }

  /** Loads Jest's test framework anew for each file, since it keeps the file's tests in its module. */
  requireInternalModule(path) {
    delete globalThis[Symbol.for('EVENT_HANDLERS')];
    delete require.cache[path];
    const own = Object.getOwnPropertyDescriptor(asyncHooks, 'AsyncLocalStorage');
    // Newer versions of Node have a getter there.
    Object.defineProperty(asyncHooks, 'AsyncLocalStorage', { ...WRITABLE, value: RunningTest });
    try {
      return require(path);
    } finally {
      Object.defineProperty(asyncHooks, 'AsyncLocalStorage', own);
    }
  }

  setGlobalsForRuntime(globals) {
    const { moduleMocker, fakeTimersModern } = this.environment;
    const jest = {
      fn: moduleMocker.fn.bind(moduleMocker),
      spyOn: moduleMocker.spyOn.bind(moduleMocker),
      restoreAllMocks: () => moduleMocker.restoreAllMocks(),
      useFakeTimers: (options) => fakeTimersModern.useFakeTimers(options),
      useRealTimers: () => fakeTimersModern.useRealTimers(),
      advanceTimersByTime: (milliseconds) => fakeTimersModern.advanceTimersByTime(milliseconds),
      advanceTimersByTimeAsync: (milliseconds) => fakeTimersModern.advanceTimersByTimeAsync(milliseconds),
    };
    this.globals = { ...globals, jest };
  }

  unstable_shouldLoadAsEsm() {
    return true;
  }

  async unstable_importModule(path) {
    const { setGlobals } = await hooked;
    setGlobals(this.globals);
    Error.prepareStackTrace = withoutSources;
    // Jest raises it to a hundred frames, which each of those stacks would have.
    Error.stackTraceLimit = 20;
    try {
      await import(pathToFileURL(path).href);
    } catch (error) {
      nameSources(error);
      throw error;
    }
  }

  requireModule(path) {
    return require(path);
  }

  getSourceMaps() {
    return new Map();
  }

  getAllCoverageInfoCopy() {}
  enterTestCode() {}
  leaveTestCode() {}

  teardown() {
    for (const storage of storages) storage.disable();
    storages.clear();
  }
};
