import type { SendMailOptions } from 'nodemailer';
import { type Channel, type Delivery, RefusedDelivery } from '../core/messages/message.ts';
import { domainOf, type Mailbox } from './mailbox.ts';

export interface SmtpOptions {
  /** smtp:// or smtps://, as the configuration has checked it. */
  readonly url: string;
  readonly from: Mailbox;
  /** Whether no mail may go over a network without TLS. */
  readonly requireTls: boolean;
}

/** As many as the outbox sends at once. */
const MAX_CONNECTIONS = 8;
const CONNECT_MILLISECONDS = 10_000;
/** Without a byte from the server. It may take long to accept a message: what is given up too early comes twice. */
const IDLE_MILLISECONDS = 60_000;
/** For one attempt in all: a server that answers byte by byte is never idle. */
const SEND_MILLISECONDS = 120_000;

/** Control characters and angle brackets: nodemailer would put blanks in their place, and so write to another address. */
const UNSENDABLE = /[\p{Cc}<>]/u;
/** What a server says where it wants a login first, which is nothing about the message. */
const AUTHENTICATION_CODES: readonly unknown[] = [530, 534, 535, 538];

/**
 * Sends mail through an SMTP server. Connections are kept for the next messages; the library is loaded with the first.
 * Certificates are always verified, with the authorities of Node and those of NODE_EXTRA_CA_CERTS.
 */
export function createSmtpChannel(options: SmtpOptions): Channel {
  let transport: ReturnType<typeof openTransport> | undefined;

  async function send(delivery: Delivery): Promise<void> {
    if (UNSENDABLE.test(delivery.to)) throw new RefusedDelivery('no mail can be sent to such an address');
    transport ??= openTransport(options);
    const mailer = await transport;
    try {
      await mailer.sendMail({
        ...mailOf(delivery, options.from),
        signal: AbortSignal.timeout(SEND_MILLISECONDS),
      });
    } catch (error) {
      throw explain(error as SmtpError);
    }
  }

  async function close(): Promise<void> {
    // Messages that are on their way at that time are sent again by another process.
    (await transport)?.close({ force: true });
  }

  return { keepsSent: false, send, close };
}

async function openTransport({ url, requireTls }: SmtpOptions) {
  const { createTransport } = await import('./nodemailer.ts');
  const { protocol, hostname, port, username, password } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const secure = protocol === 'smtps:';
  // What does not leave the host needs no TLS, and hardly a server has a certificate for localhost.
  const isLocal = !secure && isLoopback(host);
  return createTransport({
    pool: true,
    host,
    port: Number(port) || (secure ? 465 : 587),
    secure,
    requireTLS: requireTls && !isLocal,
    ignoreTLS: isLocal,
    ...(username && { auth: { user: decodeURIComponent(username), pass: decodeURIComponent(password) } }),
    maxConnections: MAX_CONNECTIONS,
    // Once, where the server has closed a connection that was kept. Other attempts are those of the outbox.
    maxRequeues: 1,
    connectionTimeout: CONNECT_MILLISECONDS,
    greetingTimeout: CONNECT_MILLISECONDS,
    dnsTimeout: CONNECT_MILLISECONDS,
    socketTimeout: IDLE_MILLISECONDS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

/** Whether a name or an address is of this host, as a URL has it. */
function isLoopback(host: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|::1)$/i.test(host);
}

/**
 * Addresses are objects, never text: the library would find several recipients in `a,b@example.com`. The envelope is
 * stated, so that no header decides who gets the message.
 */
function mailOf({ id, to, subject, text, html }: Delivery, from: Mailbox): SendMailOptions {
  const recipient = { name: '', address: to };
  return {
    from: { ...from },
    to: recipient,
    envelope: { from: { name: '', address: from.address }, to: [recipient] },
    messageId: `<${id}@${domainOf(from.address)}>`,
    headers: { 'Auto-Submitted': 'auto-generated' },
    subject,
    text,
    ...(html !== null && { html }),
  };
}

interface SmtpError extends Error {
  readonly responseCode?: number;
  readonly response?: string;
  /** What the server was asked. */
  readonly command?: string;
  /** Whether the server says that it will never take this. */
  readonly permanent?: boolean;
}

/** A server that refuses the recipient or the message will do so again; that it refuses the sender is for the operator. */
function explain(error: SmtpError): Error {
  const { message, response = message, responseCode, command = '', permanent = false } = error;
  const isOfMessage = command === 'RCPT TO' || command === 'DATA';
  if (permanent && isOfMessage && !AUTHENTICATION_CODES.includes(responseCode))
    return new RefusedDelivery(`the mail server refused the message: ${response}`, { cause: error });
  return new Error(`the mail server did not take the message: ${message}`, { cause: error });
}
