import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** PEM files of a certificate that is its own authority, and of its key. */
export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes a certificate for one host name. Throws where there is no openssl. */
export function certificateFor(host: string, directory: string): Certificate {
  const certFile = join(directory, 'cert.pem');
  const keyFile = join(directory, 'key.pem');
  const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
  const output = ['-keyout', keyFile, '-out', certFile, '-nodes', '-days', '2'];
  execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', ...subject, ...output], { stdio: 'pipe' });
  return { certFile, keyFile };
}
