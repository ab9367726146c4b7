const { findSourceMap } = require('node:module');
const { fileURLToPath } = require('node:url');

const PLACE = /(file:\/\/[^\s()]+?):(\d+):(\d+)/g;

/**
 * Stacks as they are in the code that runs. Sequelize and supertest make one for each statement and each expectation,
 * nearly all of which no one reads, and the places in the sources cost more than the rest of it.
 * @param {Error} error
 * @param {NodeJS.CallSite[]} frames
 */
function withoutSources(error, frames) {
  return [headOf(error), ...frames.map((frame) => `    at ${frame}`)].join('\n');
}

/** @param {Error} error */
function headOf(error) {
  try {
    return Error.prototype.toString.call(error);
  } catch {
    return '<error>';
  }
}

const named = new WeakSet();

/**
 * Names the places in the sources instead, once, in the stacks of an error, of its cause and of those that it holds.
 * @param {unknown} error
 */
function nameSources(error) {
  if (!(error instanceof Error) || named.has(error)) return;
  named.add(error);
  const { stack } = error;
  if (typeof stack === 'string') {
    Object.defineProperty(error, 'stack', {
      configurable: true,
      writable: true,
      value: stack.replace(PLACE, inSources),
    });
  }
  const held = error instanceof AggregateError ? error.errors : [];
  for (const inner of [error.cause, ...held]) nameSources(inner);
}

/**
 * @param {string} place
 * @param {string} url
 * @param {string} line
 * @param {string} column
 */
function inSources(place, url, line, column) {
  const { originalLine, originalColumn } =
    findSourceMap(url)?.findEntry(Number(line) - 1, Number(column) - 1) ?? {};
  if (originalLine === undefined || originalColumn === undefined) return place;
  return `${fileURLToPath(url)}:${originalLine + 1}:${originalColumn + 1}`;
}

module.exports = { withoutSources, nameSources };
