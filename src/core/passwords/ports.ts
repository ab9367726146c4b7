/** bcrypt's log2 of rounds of the costliest hashes that are stored; undefined where there is none of the kind. */
export interface HighestCosts {
  /** Made here, at what BCRYPT_COST was then. */
  readonly own: number | undefined;
  /** Brought along from another system. */
  readonly imported: number | undefined;
  /** Brought along as well, but so costly that it is not compared. */
  readonly unusable: number | undefined;
}
