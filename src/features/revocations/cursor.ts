import type { LiveCursor } from '../../core/revocation/log.ts';

/** A follower that reads page by page what is revoked at present. */
export interface SnapshotCursor {
  /** The settled position when it began: everything after it is read once more at the end. */
  readonly settled: number;
  /** The last position that it has read. */
  readonly after: number;
}

/** Where a follower is, whenever that was. */
export type Place =
  | ({ readonly kind: 'live' } & LiveCursor)
  | ({ readonly kind: 'snapshot' } & SnapshotCursor);

export type Cursor = Place & { readonly issuedAtSeconds: number };

const FORMAT = /^(?:live-\d{1,15}-\d{1,15}-\d{1,15}|snapshot-\d{1,15}-\d{1,15})-\d{1,12}$/;

/** As text, which means something to this service alone. */
export function formatCursor(cursor: Cursor): string {
  const { kind, settled, issuedAtSeconds } = cursor;
  const numbers = kind === 'live' ? [cursor.highest, cursor.checksum] : [cursor.after];
  return [kind, settled, ...numbers, issuedAtSeconds].join('-');
}

/** The cursor in a text of `formatCursor`, or undefined for any other. */
export function parseCursor(text: string): Cursor | undefined {
  if (!FORMAT.test(text)) return undefined;
  const [kind, ...rest] = text.split('-');
  const [settled = 0, second = 0, third = 0, fourth = 0] = rest.map(Number);
  return kind === 'live'
    ? { kind, settled, highest: second, checksum: third, issuedAtSeconds: fourth }
    : { kind: 'snapshot', settled, after: second, issuedAtSeconds: third };
}
