/** How many stored hashes there are of one kind. */
export interface StoredCost {
  /** bcrypt's log2 of rounds. */
  readonly cost: number;
  /** Made here, at what BCRYPT_COST was then, and not brought along from another system. */
  readonly isOwn: boolean;
  readonly users: number;
}
