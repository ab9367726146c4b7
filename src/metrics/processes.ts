import cluster, { type Worker } from 'node:cluster';
import { AggregatorRegistry, type Registry } from 'prom-client';
import type { Scrape } from './routes.ts';

/** What a process and the one that started it say to each other about metrics. */
interface Message {
  readonly type: 'latchkey:scrape';
  readonly id: number;
  readonly text?: string;
  readonly error?: string;
}

/** In the process that starts the others: the metrics of all of them together, also for those who ask on their port. */
export function createScrapeOfAll(): Scrape {
  const all = new AggregatorRegistry();
  const scrape = () => all.clusterMetrics();
  cluster.on('message', async (worker: Worker, message: unknown) => {
    if (!isScrape(message)) return;
    const answer = await scrape().then(
      (text) => ({ text }),
      (error: Error) => ({ error: error.message }),
    );
    if (worker.isConnected()) worker.send({ ...message, ...answer });
  });
  return scrape;
}

/** In each of the others: lets the first one ask for this process's metrics, and asks it for those of all. */
export function createScrapeThroughPrimary(registry: Registry): Scrape {
  const waiting = new Map<number, (message: Message) => void>();
  let lastId = 0;
  new AggregatorRegistry();
  AggregatorRegistry.setRegistries([registry]);
  process.on('message', (message: unknown) => {
    if (!isScrape(message)) return;
    waiting.get(message.id)?.(message);
    waiting.delete(message.id);
  });
  return async () => {
    const id = ++lastId;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    process.send?.({ type: 'latchkey:scrape', id } satisfies Message);
    const { text, error } = await answer;
    if (text === undefined) throw new Error(`the metrics of all processes cannot be had: ${error}`);
    return text;
  };
}

function isScrape(message: unknown): message is Message {
  return (message as Partial<Message> | null)?.type === 'latchkey:scrape';
}
