import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { GaleraNode } from './galera.ts';
import { findOnPath, freePort } from './mysql-server.ts';
import { eventually } from './several-processes.ts';
import { temporaryDirectory } from './temporary.ts';

/** HAProxy before the nodes of a cluster, as operators put it: connections go to those that take statements. */
export async function startHaproxy(
  nodes: readonly GaleraNode[],
): Promise<{ port: number; stop: () => Promise<void> }> {
  const port = await freePort();
  const checks = await Promise.all(nodes.map(answerChecks));
  const servers = checks.map(({ node, checkPort }) => {
    const check = `check port ${checkPort} inter 500 fall 2 rise 1 on-marked-down shutdown-sessions`;
    return `  server node-${node.port} 127.0.0.1:${node.port} ${check}`;
  });
  const stop = runHaproxy(
    findOnPath('haproxy') ?? '',
    `defaults
  mode tcp
  timeout connect 1s
  timeout client 60s
  timeout server 60s
  timeout check 1s
listen mysql
  bind 127.0.0.1:${port}
  option httpchk GET /
  balance roundrobin
${servers.join('\n')}
`,
  );
  const isThere = await eventually(
    () => nodes[0]?.answersAt(port) ?? false,
    (answers) => answers,
  );
  if (!isThere) throw new Error('HAProxy does not start');
  return {
    port,
    async stop() {
      await stop();
      for (const { server } of checks) server.close();
    },
  };
}

/** Runs HAProxy by a file that says this, and returns what ends it. */
export function runHaproxy(haproxy: string, config: string): () => Promise<void> {
  const directory = temporaryDirectory('haproxy');
  const file = join(directory, 'haproxy.cfg');
  writeFileSync(file, config);
  const child = spawn(haproxy, ['-db', '-f', file], { stdio: 'ignore' });
  return async () => {
    const ended = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGKILL');
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
}

async function answerChecks(
  node: GaleraNode,
): Promise<{ node: GaleraNode; server: Server; checkPort: number }> {
  const server = createServer(async (_req, res) => {
    res.statusCode = (await node.isSynced()) ? 200 : 503;
    res.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port: checkPort } = server.address() as AddressInfo;
  return { node, server, checkPort };
}
