/** Tracks what this process is working on, by key. */
export interface InFlight {
  /** Counts one more; call the result when it has ended. */
  readonly begin: (key: string) => () => void;
  /** Resolves when the next one of this key ends; undefined where there is none. */
  readonly nextEnd: (key: string) => Promise<void> | undefined;
}

interface Group {
  count: number;
  readonly waiting: (() => void)[];
}

export function createInFlight(): InFlight {
  const groups = new Map<string, Group>();

  function end(key: string, group: Group): void {
    group.count--;
    if (group.count === 0) groups.delete(key);
    for (const wake of group.waiting.splice(0)) wake();
  }

  return {
    begin(key) {
      const group = groups.get(key) ?? { count: 0, waiting: [] };
      groups.set(key, group);
      group.count++;
      return () => end(key, group);
    },
    nextEnd(key) {
      const group = groups.get(key);
      return group && new Promise((resolve) => group.waiting.push(resolve));
    },
  };
}
