import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Figure, toTextTable } from './figures.ts';
import { describeMachine } from './machine.ts';

export interface Run {
  /** A run that proves that the benchmark works, in a second or two, and measures nothing. */
  readonly quick: boolean;
  /** Measures every case of a benchmark that otherwise chooses some. */
  readonly all: boolean;
  /** Where it is given: the cases whose name contains this text. */
  readonly only: string | undefined;
  /** Has something undone when the benchmark ends, however it ends; the last thing first. */
  readonly defer: (undo: () => void | Promise<void>) => void;
}

/** The result file of a benchmark. */
export interface Result {
  readonly benchmark: string;
  readonly date: string;
  readonly machine: ReturnType<typeof describeMachine>;
  readonly quick: boolean;
  readonly figures: readonly Figure[];
}

const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));

/**
 * The main program of a benchmark: measures, prints the table and writes the JSON, to `--out` or bench/results/NAME.json.
 */
export async function runBenchmark(
  name: string,
  measure: (run: Run) => Promise<readonly Figure[]>,
): Promise<void> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      all: { type: 'boolean', default: false },
      only: { type: 'string' },
      out: { type: 'string' },
    },
  });
  const machine = describeMachine();
  const undoings: (() => void | Promise<void>)[] = [];
  const undoAll = async () => {
    for (let undo = undoings.pop(); undo !== undefined; undo = undoings.pop()) {
      // One that fails must not leave a database server behind that a later one would have stopped.
      await Promise.resolve().then(undo).catch(console.error);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => undoAll().finally(() => process.exit(1)));
  }

  try {
    const { quick, all, only } = values;
    const figures = await measure({ quick, all, only, defer: (undo) => undoings.push(undo) });
    const result: Result = {
      benchmark: name,
      date: new Date().toISOString(),
      machine,
      quick: values.quick,
      figures,
    };
    console.log(`\n${name}\n${toTextTable(figures)}`);
    writeJson(values.out ?? resultFile(name), result);
  } finally {
    await undoAll();
  }
}

export function resultFile(name: string): string {
  return resolve(RESULTS, `${name}.json`);
}

export function writeJson(file: string, content: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`);
}
