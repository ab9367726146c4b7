import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** An SMTP server that agrees to everything and keeps the very lines that it is sent. */
export async function startSmtpRecorder() {
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.write('220 recorder\r\n');
    let isData = false;
    createInterface(socket).on('line', (line) => {
      lines.push(line);
      if (isData && line !== '.') return;
      isData = line === 'DATA';
      if (line.startsWith('EHLO')) socket.write('250-recorder\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n');
      else socket.write(isData ? '354 go on\r\n' : '250 fine\r\n');
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    lines,
    async stop() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

export type SmtpRecorder = Awaited<ReturnType<typeof startSmtpRecorder>>;
