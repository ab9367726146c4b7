/** When a key was last used, by any process. */
export interface KeyUse {
  readonly kid: string;
  readonly algorithm: string;
  readonly firstUsedAt: Date;
  readonly lastSignedAt: Date | null;
  readonly lastSeenAt: Date | null;
}

export interface KeyUseStore {
  /** Keeps the later of the given times and the stored ones. */
  readonly record: (use: KeyUse) => Promise<void>;
  readonly list: () => Promise<KeyUse[]>;
}
