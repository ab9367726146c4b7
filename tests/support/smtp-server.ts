import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions, type SMTPServerSession } from 'smtp-server';
import type { Certificate } from './certificates.ts';
import { type Mail, parseMail } from './mail.ts';

/** A mail as the server has taken it, with its envelope. */
export interface ReceivedMail extends Mail {
  readonly mailFrom: string;
  readonly rcptTo: readonly string[];
  readonly secure: boolean;
  readonly user: string | undefined;
}

export type SmtpPeer = Awaited<ReturnType<typeof startSmtpServer>>;

/** What a server answers to a recipient; nothing takes it. */
type Judge = (recipient: string) => { readonly code: number; readonly text: string } | undefined;

type BeforeTaking = (mail: Mail, session: SMTPServerSession) => Promise<unknown>;

interface PeerOptions {
  readonly port?: number;
  readonly host?: string;
  /** TLS from the start, or after STARTTLS; none without a certificate. */
  readonly certificate?: Certificate;
  readonly implicitTls?: boolean;
  readonly options?: SMTPServerOptions;
}

/** A real SMTP server on a free port. It takes everything until a test has it judge. */
export async function startSmtpServer({
  port = 0,
  host = '127.0.0.1',
  certificate,
  ...how
}: PeerOptions = {}) {
  const mails: ReceivedMail[] = [];
  const recipients: string[] = [];
  const watchers = new Set<() => void>();
  let judge: Judge = () => undefined;
  let beforeTaking: BeforeTaking = async () => {};

  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    closeTimeout: 1,
    disabledCommands: certificate === undefined ? ['STARTTLS'] : [],
    allowInsecureAuth: certificate === undefined,
    ...(certificate && { key: readFileSync(certificate.keyFile), cert: readFileSync(certificate.certFile) }),
    secure: how.implicitTls ?? false,
    onAuth: ({ username }, _session, callback) => callback(null, { user: username }),
    onRcptTo({ address }, _session, callback) {
      recipients.push(address);
      notify();
      callback(refusal(judge(address)));
    },
    onData(stream, session, callback) {
      take(stream, session).then(() => callback(null), callback);
    },
    ...how.options,
  });

  async function take(stream: Readable, session: SMTPServerSession): Promise<void> {
    const { envelope, secure, user } = session;
    const mail = parseMail(await text(stream));
    const ready = beforeTaking(mail, session);
    notify();
    await ready;
    const { mailFrom, rcptTo } = envelope;
    mails.push({
      ...mail,
      mailFrom: mailFrom === false ? '' : mailFrom.address,
      rcptTo: rcptTo.map(({ address }) => address),
      secure,
      user,
    });
    notify();
  }

  // Clients that refuse a certificate, or are killed.
  server.on('error', () => {});
  const listening = server.listen(port, host);
  await once(listening, 'listening');
  const { port: taken } = listening.address() as AddressInfo;

  function notify(): void {
    for (const watch of watchers) watch();
  }

  /** Resolves once something holds, now or after what the server receives next. */
  function until(holds: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const watch = () => {
        if (!holds()) return;
        watchers.delete(watch);
        resolve();
      };
      watchers.add(watch);
      watch();
    });
  }

  return {
    port: taken,
    url: `smtp://${host}:${taken}`,
    mails,
    /** Of each RCPT TO, also of those that were refused. */
    recipients,
    until,
    received: (count: number) => until(() => mails.length >= count),
    judge(by: Judge) {
      judge = by;
    },
    /** Runs when all of a mail is there and before it is taken. */
    beforeTaking(work: BeforeTaking) {
      beforeTaking = work;
    },
    forget() {
      mails.length = 0;
      recipients.length = 0;
    },
    stop: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}

function refusal(answer: ReturnType<Judge>): Error | undefined {
  return answer && Object.assign(new Error(answer.text), { responseCode: answer.code });
}
