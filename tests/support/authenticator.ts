import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { PUBLIC_URL } from './app.ts';

/** What an authenticator says of itself and its user, and what a browser says of the page. */
export interface Saying {
  readonly origin?: string;
  readonly crossOrigin?: boolean;
  readonly type?: string;
  readonly challenge?: string;
  readonly rpId?: string;
  readonly userPresent?: boolean;
  readonly userVerified?: boolean;
  readonly backupEligible?: boolean;
  readonly backedUp?: boolean;
  readonly counter?: number;
  readonly userHandle?: string | null;
  /** The id that the credential is said to have. */
  readonly credentialId?: string;
  /** What comes uninvited besides the key. */
  readonly attestation?: 'none' | 'packed';
}

interface CreationOptions {
  readonly challenge: string;
  readonly rp: { readonly id: string };
  readonly user: { readonly id: string };
}

interface RequestOptions {
  readonly challenge: string;
  readonly rpId: string;
}

interface Credential {
  readonly id: string;
  readonly privateKey: KeyObject;
  readonly userHandle: string;
  counter: number;
}

/** The model of all of them. */
export const AAGUID = 'ea9b8d66-4d01-1d21-3ce4-b6b48cb575d4';

const FLAGS = { userPresent: 0x01, userVerified: 0x04, backupEligible: 0x08, backedUp: 0x10, attested: 0x40 };
const ES256 = -7;

/**
 * An authenticator in software with one credential at a time, and the browser before it. It does not count unless `counts`
 * says so, and by default keeps a passkey that is copied to other devices, as phones do.
 */
export function createAuthenticator({
  counts = false,
  ...always
}: Saying & { readonly counts?: boolean } = {}) {
  let credential: Credential | undefined;

  /** What navigator.credentials.create() gives, by toJSON(). */
  function create(options: CreationOptions, once: Saying = {}) {
    const said = { attestation: 'none', ...always, ...once } as const;
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const id = said.credentialId ?? randomBytes(32).toString('base64url');
    credential = { id, privateKey, userHandle: options.user.id, counter: 0 };
    const { x = '', y = '' } = publicKey.export({ format: 'jwk' });
    const key = cborMap([
      [cborInteger(1), cborInteger(2)],
      [cborInteger(3), cborInteger(ES256)],
      [cborInteger(-1), cborInteger(1)],
      [cborInteger(-2), cborBytes(Buffer.from(x, 'base64url'))],
      [cborInteger(-3), cborBytes(Buffer.from(y, 'base64url'))],
    ]);
    const idBytes = Buffer.from(id, 'base64url');
    const idLength = Buffer.alloc(2);
    idLength.writeUInt16BE(idBytes.length);
    const aaguid = Buffer.from(AAGUID.replaceAll('-', ''), 'hex');
    const attested = Buffer.concat([aaguid, idLength, idBytes, key]);
    const authenticatorData = Buffer.concat([
      headOf(options.rp.id, said, said.counter ?? 0, FLAGS.attested),
      attested,
    ]);
    const statement: [Buffer, Buffer][] =
      said.attestation === 'none' ? [] : [[cborText('sig'), cborBytes(randomBytes(70))]];
    const attestationObject = cborMap([
      [cborText('fmt'), cborText(said.attestation)],
      [cborText('attStmt'), cborMap(statement)],
      [cborText('authData'), cborBytes(authenticatorData)],
    ]);
    return {
      id,
      rawId: id,
      type: 'public-key',
      response: {
        clientDataJSON: clientDataOf('webauthn.create', options.challenge, said),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal', 'hybrid'],
      },
      clientExtensionResults: { credProps: { rk: true } },
      authenticatorAttachment: 'platform',
    };
  }

  /** What navigator.credentials.get() gives, by toJSON(). */
  function get(options: RequestOptions, once: Saying = {}) {
    if (credential === undefined) throw new Error('there is no credential yet');
    const said = { ...always, ...once };
    if (counts) credential.counter += 1;
    const authenticatorData = headOf(options.rpId, said, said.counter ?? credential.counter);
    const clientDataJSON = clientDataOf('webauthn.get', options.challenge, said);
    const hash = createHash('sha256').update(Buffer.from(clientDataJSON, 'base64url')).digest();
    const signature = sign('sha256', Buffer.concat([authenticatorData, hash]), credential.privateKey);
    const id = said.credentialId ?? credential.id;
    const userHandle = said.userHandle === undefined ? credential.userHandle : said.userHandle;
    return {
      id,
      rawId: id,
      type: 'public-key',
      response: {
        clientDataJSON,
        authenticatorData: authenticatorData.toString('base64url'),
        signature: signature.toString('base64url'),
        ...(userHandle !== null && { userHandle }),
      },
      clientExtensionResults: {},
      authenticatorAttachment: 'platform',
    };
  }

  return {
    create,
    get,
    get credentialId() {
      return credential?.id ?? '';
    },
  };
}

export type Authenticator = ReturnType<typeof createAuthenticator>;

function clientDataOf(type: string, challenge: string, said: Saying): string {
  const clientData = {
    type: said.type ?? type,
    challenge: said.challenge ?? challenge,
    origin: said.origin ?? PUBLIC_URL,
    crossOrigin: said.crossOrigin ?? false,
  };
  return Buffer.from(JSON.stringify(clientData)).toString('base64url');
}

/** The hash of the relying party, the flags and the counter: the beginning of all authenticator data. */
function headOf(rpId: string, said: Saying, counter: number, more = 0): Buffer {
  const flags =
    more |
    ((said.userPresent ?? true) ? FLAGS.userPresent : 0) |
    ((said.userVerified ?? true) ? FLAGS.userVerified : 0) |
    ((said.backupEligible ?? true) ? FLAGS.backupEligible : 0) |
    ((said.backedUp ?? true) ? FLAGS.backedUp : 0);
  const head = Buffer.alloc(37);
  createHash('sha256')
    .update(said.rpId ?? rpId)
    .digest()
    .copy(head);
  head.writeUInt8(flags, 32);
  head.writeUInt32BE(counter, 33);
  return head;
}

/** The first bytes of an item (RFC 8949 section 3): its major type, and a number. */
function cborHead(major: number, value: number): Buffer {
  if (value < 24) return Buffer.from([(major << 5) | value]);
  if (value < 256) return Buffer.from([(major << 5) | 24, value]);
  return Buffer.from([(major << 5) | 25, value >> 8, value & 0xff]);
}

const cborInteger = (value: number) => (value < 0 ? cborHead(1, -1 - value) : cborHead(0, value));
const cborBytes = (bytes: Buffer) => Buffer.concat([cborHead(2, bytes.length), bytes]);
const cborText = (text: string) => Buffer.concat([cborHead(3, Buffer.byteLength(text)), Buffer.from(text)]);
const cborMap = (entries: readonly (readonly [Buffer, Buffer])[]) =>
  Buffer.concat([cborHead(5, entries.length), ...entries.flat()]);
