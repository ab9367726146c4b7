/** One line of what Prometheus reads. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const SAMPLE = /^(\w+)(?:\{(.*)\})? (\S+)$/;
const LABEL = /(\w+)="((?:[^"\\]|\\.)*)"/g;

/** The samples of the text format. Throws at a line that is none. */
export function parseMetrics(text: string): Sample[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.map((line) => {
    const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
    if (name === undefined || value === undefined) throw new Error(`not a sample: ${line}`);
    const pairs = [...labels.matchAll(LABEL)].map(([, label = '', content = '']) => [label, content]);
    return { name, labels: Object.fromEntries(pairs), value: Number(value.replace('Inf', 'Infinity')) };
  });
}

/** The sum of the samples that have this name and these labels, and 0 where there is none. */
export function sumOf(text: string, name: string, labels: Record<string, string> = {}): number {
  return parseMetrics(text)
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** All values of one label over the samples with this name. */
export function valuesOf(text: string, name: string, label: string): Set<string | undefined> {
  return new Set(
    parseMetrics(text)
      .filter((sample) => sample.name === name)
      .map((sample) => sample.labels[label]),
  );
}
