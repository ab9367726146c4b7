import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { hostname } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from '@jest/globals';
import { parseMailbox } from '../../src/mail/mailbox.ts';
import { createSmtpChannel } from '../../src/mail/smtp.ts';
import { certificateFor } from '../support/certificates.ts';
import { useDirectories } from '../support/directories.ts';
import { MAIL_FROM } from '../support/messages.ts';
import { type SmtpPeer, startSmtpServer } from '../support/smtp-server.ts';

/** A name of this host that is not localhost, to which mail goes as over a network. */
const HOST = hostname();
const DELIVERY = {
  id: '0192f6a0-0000-7000-8000-000000000000',
  to: 'ada@example.com',
  template: 'sign-in-code',
  subject: 'A subject',
  text: 'A text',
  html: null,
} as const;

const newDirectory = useDirectories();
let peer: SmtpPeer;
afterEach(() => peer.stop());

async function startTlsServer(implicitTls: boolean, host = HOST) {
  const certificate = certificateFor(host, newDirectory());
  peer = await startSmtpServer({ host: '0.0.0.0', certificate, implicitTls });
  return {
    certFile: certificate.certFile,
    url: `${implicitTls ? 'smtps' : 'smtp'}://ada:p%40ss@${HOST}:${peer.port}`,
  };
}

/** Sends in a process of its own, since the authorities that it trusts are read at its start. Its error; empty without. */
async function sendFromProcess(url: string, caFile?: string): Promise<string> {
  const module = new URL('../../src/mail/smtp.ts', import.meta.url).href;
  const options = JSON.stringify({ url, from: parseMailbox(MAIL_FROM), requireTls: true });
  const script = `
    const { createSmtpChannel } = await import(${JSON.stringify(module)});
    const channel = createSmtpChannel(${options});
    await channel.send(${JSON.stringify(DELIVERY)}).catch((error) => console.log(error.message));
    await channel.close();
  `;
  const env = caFile === undefined ? {} : { NODE_EXTRA_CA_CERTS: caFile };
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return output.trim();
}

describe.each([
  ['STARTTLS', false],
  ['TLS from the start', true],
])('Mail over %s', (_how, implicitTls) => {
  it('is encrypted and signed in to a server whose authority is known', async () => {
    const { url, certFile } = await startTlsServer(implicitTls);

    expect(await sendFromProcess(url, certFile)).toBe('');

    expect(peer.mails).toMatchObject([{ secure: true, user: 'ada', rcptTo: ['ada@example.com'] }]);
  });

  it('is not sent to a server whose authority is unknown', async () => {
    const { url } = await startTlsServer(implicitTls);

    expect(await sendFromProcess(url)).toMatch(/did not take the message: .*self-signed certificate/);

    expect(peer.recipients).toEqual([]);
  });

  it('is not sent to a server whose certificate is of another host', async () => {
    const { url, certFile } = await startTlsServer(implicitTls, 'other.example.com');

    expect(await sendFromProcess(url, certFile)).toMatch(/does not match certificate's altnames/);

    expect(peer.recipients).toEqual([]);
  });
});

describe('Mail to a server without TLS', () => {
  it.each([
    [HOST, true, false],
    [HOST, false, true],
    ['127.0.0.1', true, true],
    ['localhost', true, true],
    ['LOCALHOST', true, true],
  ])('at %s, where TLS is required: %s, is sent: %s', async (host, requireTls, isSent) => {
    peer = await startSmtpServer({ host: '0.0.0.0' });
    const channel = createSmtpChannel({
      url: `smtp://${host}:${peer.port}`,
      from: parseMailbox(MAIL_FROM),
      requireTls,
    });

    const error = await channel.send(DELIVERY).catch((caught: Error) => caught);
    await channel.close();

    expect(peer.mails).toHaveLength(isSent ? 1 : 0);
    if (!isSent) expect(String(error)).toMatch(/TLS/);
  });
});
