import { median } from './statistics.ts';

export type Unit = 'ms' | 'µs' | 'ns' | 'MB' | 'bytes' | '%' | 'per second';

/** One line of the result. */
export interface Figure {
  readonly name: string;
  /** The median of the rounds. */
  readonly value: number;
  readonly unit: Unit;
  /** How the value compares with that of `reference`, in the same run. */
  readonly ratio?: number;
  readonly reference?: string;
  readonly target?: Target;
}

/** What the ratio has to be; or, where there is none, the value. */
export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** The line of what was measured in each round. */
export function measured(name: string, unit: Unit, rounds: readonly number[], target?: Target): Figure {
  return { name, value: median(rounds), unit, ...(target && { target }) };
}

export interface Comparison {
  readonly reference: string;
  /** What the reference came to in each round. */
  readonly to: readonly number[];
  readonly target?: Target;
}

/** The same with its ratio: the median of the ratios round by round, since a noisy moment hits both halves of its round. */
export function compared(
  name: string,
  unit: Unit,
  rounds: readonly number[],
  { reference, to, target }: Comparison,
): Figure {
  const ratio = median(rounds.map((value, round) => value / (to[round] ?? Number.NaN)));
  return { ...measured(name, unit, rounds, target), ratio, reference };
}

export function meetsTarget({ value, ratio, target }: Figure): boolean | undefined {
  if (target === undefined) return undefined;
  const measured = ratio ?? value;
  return 'atLeast' in target ? measured >= target.atLeast : measured <= target.atMost;
}

export const COLUMNS = ['what', 'median', 'ratio (median of rounds)', 'target', ''] as const;

/** The cells of one line, for the terminal and for Markdown. */
export function toCells(figure: Figure): string[] {
  const { name, value, unit, ratio, reference } = figure;
  return [
    name,
    `${toDigits(value)} ${unit}`,
    ratio === undefined ? '' : `${toDigits(ratio)} × ${reference}`,
    describeTarget(figure),
    { true: 'ok', false: 'missed', undefined: '' }[String(meetsTarget(figure))] ?? '',
  ];
}

function describeTarget({ target, ratio, unit }: Figure): string {
  if (target === undefined) return '';
  const what = ratio === undefined ? ` ${unit}` : ' ×';
  return 'atLeast' in target ? `≥ ${target.atLeast}${what}` : `≤ ${target.atMost}${what}`;
}

/** Three digits that mean something. */
function toDigits(value: number): string {
  const decimals = Math.max(0, Math.min(2, 2 - Math.floor(Math.log10(Math.abs(value) || 1))));
  return value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** Lines of equal width, for the terminal. */
export function toTextTable(figures: readonly Figure[]): string {
  const rows = [[...COLUMNS], ...figures.map(toCells)];
  const widths = COLUMNS.map((_column, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function toMarkdownTable(figures: readonly Figure[]): string {
  const rows = [COLUMNS, COLUMNS.map(() => '---'), ...figures.map(toCells)];
  return rows.map((row) => `| ${row.join(' | ')} |`).join('\n');
}
