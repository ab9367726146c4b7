// The least that checking passwords can cost: so many threads compare one password after another and do nothing else.
// Each line of the standard input asks for a round of so many milliseconds and is answered with comparisons a second.
import { createInterface } from 'node:readline';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import bcrypt from 'bcrypt';

const PASSWORD = 'correct horse battery staple';

if (isMainThread) {
  const { THREADS, COST } = process.env;
  const hash = await bcrypt.hash(PASSWORD, Number(COST));
  const workers = Array.from(
    { length: Number(THREADS) },
    () => new Worker(new URL(import.meta.url), { workerData: hash }),
  );
  createInterface(process.stdin).on('line', async (line) => {
    const rates = await Promise.all(workers.map((worker) => round(worker, Number(line))));
    console.log(rates.reduce((sum, rate) => sum + rate, 0));
  });
} else {
  parentPort.on('message', (milliseconds) => {
    const begun = performance.now();
    let compared = 0;
    for (; performance.now() - begun < milliseconds; compared++) bcrypt.compareSync(PASSWORD, workerData);
    parentPort.postMessage((compared * 1000) / (performance.now() - begun));
  });
}

function round(worker, milliseconds) {
  return new Promise((resolve) => {
    worker.once('message', resolve);
    worker.postMessage(milliseconds);
  });
}
