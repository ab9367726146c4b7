import { readFileSync, writeFileSync } from 'node:fs';
import { toMarkdownTable } from './support/figures.ts';
import { readLatest } from './support/latest.ts';

const PAGE = new URL('../docs/performance.md', import.meta.url);

/** Puts the figures of the last run between the marks of docs/performance.md. */
const { date, machine, seconds, figures } = readLatest();
const { cpu, cores, memoryGigabytes, loadBefore, node, system } = machine;
const run = [
  `Measured on ${date.slice(0, 10)} in ${seconds} s on ${cpu}, ${cores} cores, ${memoryGigabytes} GB,`,
  `Node ${node}, ${system}, load before ${loadBefore}.`,
].join('\n');
const page = readFileSync(PAGE, 'utf8');
const MARKS = /(<!-- figures:begin -->\n).*(<!-- figures:end -->)/s;
if (!MARKS.test(page)) throw new Error('docs/performance.md has lost its marks');
writeFileSync(PAGE, page.replace(MARKS, `$1\n${run}\n\n${toMarkdownTable(figures)}\n\n$2`));
