import cluster, { type Worker } from 'node:cluster';
import {
  AggregatorRegistry,
  type MetricObjectWithValues,
  type MetricValue,
  type Registry,
} from 'prom-client';

/** The text that Prometheus reads. */
export type Scrape = () => Promise<string>;

/** All metrics of one process, as they travel between processes. */
type Figures = readonly MetricObjectWithValues<MetricValue<string>>[];

/** The first process asks each other one for its figures; the others ask the first one for the text of all. */
type Message =
  | { readonly type: 'latchkey:figures'; readonly id: number; readonly figures?: Figures }
  | { readonly type: 'latchkey:scrape'; readonly id: number; readonly text?: string };

/** A healthy process answers within milliseconds. */
const ANSWER_MILLISECONDS = 1_000;

/**
 * In the process that starts the others: the metrics of all of them together, also for those who ask on their port. One
 * that does not answer is shown as it was; what one had counted that has ended stays counted, since Prometheus takes a
 * counter that goes back for one that began again.
 */
export function createScrapeOfAll(): Scrape {
  const known = new Map<number, Figures>();
  const waiting = new Map<number, () => void>();
  let ended: Promise<Figures> = Promise.resolve([]);
  let lastId = 0;

  // Before that it hears nothing.
  cluster.on('listening', ({ id }) => known.set(id, known.get(id) ?? []));
  cluster.on('exit', ({ id }) => {
    const counted = (known.get(id) ?? []).filter(isCount);
    known.delete(id);
    ended = ended.then((earlier) => addUp([earlier, counted]).getMetricsAsJSON());
  });
  cluster.on('message', async (worker: Worker, message: unknown) => {
    if (isMessage(message, 'latchkey:scrape')) send(worker, { ...message, text: await scrape() });
    if (!isMessage(message, 'latchkey:figures')) return;
    if (known.has(worker.id)) known.set(worker.id, message.figures ?? []);
    waiting.get(message.id)?.();
  });

  async function scrape(): Promise<string> {
    const workers = Object.values(cluster.workers ?? {}).filter((worker) => worker !== undefined);
    await Promise.all(workers.filter(({ id }) => known.has(id)).map(ask));
    return addUp([await ended, ...known.values()]).metrics();
  }

  async function ask(worker: Worker): Promise<void> {
    const id = ++lastId;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ANSWER_MILLISECONDS);
      waiting.set(id, resolve);
      send(worker, { type: 'latchkey:figures', id }, resolve);
    });
    clearTimeout(timer);
    waiting.delete(id);
  }

  return scrape;
}

/** In each of the others: sends the first one this process's figures, and asks it for those of all. */
export function createScrapeThroughPrimary(registry: Registry): Scrape {
  const waiting = new Map<number, (text: string) => void>();
  let lastId = 0;

  process.on('message', async (message: unknown) => {
    if (isMessage(message, 'latchkey:figures')) {
      tellPrimary({ ...message, figures: await registry.getMetricsAsJSON() });
    } else if (isMessage(message, 'latchkey:scrape')) {
      waiting.get(message.id)?.(message.text ?? '');
      waiting.delete(message.id);
    }
  });

  return () =>
    new Promise((resolve) => {
      const id = ++lastId;
      waiting.set(id, resolve);
      tellPrimary({ type: 'latchkey:scrape', id });
    });
}

/** Without a callback a failure would be an event that ends this process. */
function send(worker: Worker, message: Message, onFailure: () => void = () => {}): void {
  worker.send(message, (error: Error | null) => {
    if (error) onFailure();
  });
}

/** A process that has lost the first one ends anyway. */
function tellPrimary(message: Message): void {
  process.send?.(message, undefined, undefined, () => {});
}

function addUp(all: readonly Figures[]): Registry {
  return AggregatorRegistry.aggregate([...all]);
}

/** The library's types have numbers here, but these are names. */
function isCount({ type }: Figures[number]): boolean {
  return ['counter', 'histogram'].includes(String(type));
}

function isMessage<Type extends Message['type']>(
  message: unknown,
  type: Type,
): message is Extract<Message, { readonly type: Type }> {
  return (message as Partial<Message> | null)?.type === type;
}
