import { createHash, randomBytes } from 'node:crypto';
import { CompactSign, exportJWK, generateKeyPair, type JWK } from 'jose';

export type Claims = Record<string, unknown>;

/** What is wrong with the ID tokens that a provider issues, as no provider would. */
export interface Tampering {
  /** Changes the claims, which are then signed with the provider's own key. */
  readonly claims?: (claims: Claims) => Claims;
  /** Signs with another key under the id of the provider's. */
  readonly foreignKey?: boolean;
  /** Replaces members of the header; undefined leaves one out. */
  readonly header?: Record<string, unknown>;
}

export type IdTokens = Awaited<ReturnType<typeof createIdTokens>>;

/** The keys of an OpenID provider, which signs with RS256, and its ID tokens. */
export async function createIdTokens() {
  let keys = [await newKey()];
  let tampering: Tampering = {};

  return {
    /** The newest first. */
    publicKeys: (): JWK[] => keys.map(({ jwk }) => jwk),

    /** A new key signs from now on. The one before stays published until the next rotation. */
    async rotateKeys(): Promise<void> {
      keys = [await newKey(), ...keys.slice(0, 1)];
    },

    /** How ID tokens are wrong from now on. Without an argument they are right again. */
    tamperIdTokens(how: Tampering = {}): void {
      tampering = how;
    },

    async sign(claims: Claims, header: Record<string, unknown> = { typ: 'JWT' }): Promise<string> {
      const [newest] = keys as [SigningKey];
      const { claims: change = (same: Claims) => same, foreignKey = false } = tampering;
      const { privateKey } = foreignKey ? await newKey() : newest;
      return new CompactSign(Buffer.from(JSON.stringify(change(claims))))
        .setProtectedHeader({ alg: 'RS256', kid: newest.jwk.kid, ...header, ...tampering.header })
        .sign(privateKey);
    },
  };
}

type SigningKey = Awaited<ReturnType<typeof newKey>>;

async function newKey() {
  const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true });
  const jwk = {
    ...(await exportJWK(publicKey)),
    kid: randomBytes(10).toString('hex'),
    use: 'sig',
    alg: 'RS256',
  };
  return { privateKey, jwk };
}

/** OpenID Connect Core section 3.1.3.6, for a token that is signed with SHA-256. */
export function accessTokenHash(accessToken: string): string {
  return createHash('sha256').update(accessToken).digest().subarray(0, 16).toString('base64url');
}
