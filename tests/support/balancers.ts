import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exampleFile } from './example-file.ts';
import { runHaproxy } from './haproxy.ts';
import { freePort } from './mysql-server.ts';
import { runNginx } from './nginx.ts';
import { eventually } from './several-processes.ts';

/** In front of two replicas, by the file that the examples have for it, but for one thing: no request is sent twice. */
export interface Balancer {
  readonly url: string;
  /** What an operator does before the first or the second replica is told to stop. */
  readonly beforeStop: (index: number) => Promise<void>;
  /** What an operator does or awaits once it is ready again. */
  readonly afterStart: (index: number) => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** HAProxy asks more often than in the example, in proportion to a delay that is shorter than in production. */
const CHECK_INTERVAL = '250ms';

export async function startHaproxyBalancer(
  haproxy: string,
  replicaPorts: readonly number[],
): Promise<Balancer> {
  const [port, statsPort] = [await freePort(), await freePort()];
  const config = exampleFile('balancers/haproxy.cfg', {
    ...portsOf(port, replicaPorts),
    'retries 3': 'retries 0\n    no option redispatch',
    'inter 1s': `inter ${CHECK_INTERVAL}`,
  });
  const stats = `frontend stats\n    bind 127.0.0.1:${statsPort}\n    stats enable\n    stats uri /\n`;
  const stop = runHaproxy(haproxy, `${config}\n${stats}`);

  /** Since requests are not sent twice, no replica may stop before HAProxy knows that the other one is back. */
  async function untilUp(index: number): Promise<void> {
    const read = () =>
      fetch(`http://127.0.0.1:${statsPort}/;csv`).then((response) => response.text(), String);
    const isUp = (csv: string) => statusIn(csv, `latchkey-${index + 1}`) === 'UP';
    const csv = await eventually(read, isUp);
    if (!isUp(csv)) throw new Error(`HAProxy does not find a replica:\n${csv}`);
  }

  await untilUp(0);
  await untilUp(1);
  // It learns from /readyz that a replica stops.
  return { url: `http://127.0.0.1:${port}`, beforeStop: async () => {}, afterStart: untilUp, stop };
}

/** What the statistics of HAProxy say of a server. */
function statusIn(csv: string, server: string): string | undefined {
  const [names = [], ...rows] = csv.split('\n').map((row) => row.split(','));
  return rows.find(([, name]) => name === server)?.[names.indexOf('status')];
}

export async function startNginxBalancer(nginx: string, replicaPorts: readonly number[]): Promise<Balancer> {
  const port = await freePort();
  const conf = exampleFile('balancers/nginx.conf', {
    ...portsOf(port, replicaPorts),
    'proxy_next_upstream error timeout': 'proxy_next_upstream off',
  });
  const { directory, stop } = await runNginx(nginx, conf);
  const out = join(directory, 'out');
  mkdirSync(out);
  const fileOf = (index: number) => join(out, `latchkey_${index + 1}`);
  return {
    url: `http://127.0.0.1:${port}`,
    beforeStop: async (index) => writeFileSync(fileOf(index), ''),
    afterStart: async (index) => rmSync(fileOf(index)),
    stop,
  };
}

function portsOf(port: number, [first, second]: readonly number[]): Record<string, string> {
  return {
    '127.0.0.1:8080': `127.0.0.1:${port}`,
    '127.0.0.1:3001': `127.0.0.1:${first}`,
    '127.0.0.1:3002': `127.0.0.1:${second}`,
  };
}
