/** In an app without either storage, for as long as it runs. */
const inMemory = new Map<string, string>();

/**
 * Remembers which sign-in this browser has begun, so that a page takes the code of that one and no other. It is no secret:
 * it signs in with the code alone. A provider comes back in the same tab; a link opens in another.
 */
export function writePending(key: string, challengeId: string): void {
  inMemory.set(key, challengeId);
  for (const storage of storages())
    try {
      storage.setItem(`${key}:pending`, challengeId);
    } catch {
      // It is full.
    }
}

/** The one of this tab, or else the latest of all tabs; it is forgotten, since a code is good once. */
export function readPending(key: string): string | undefined {
  const found = storages().map((storage) => storage.getItem(`${key}:pending`));
  const challengeId = found.find((value) => value !== null) ?? inMemory.get(key);
  inMemory.delete(key);
  // That of another tab, which has begun a sign-in of its own, stays.
  for (const storage of storages())
    if (storage.getItem(`${key}:pending`) === challengeId) storage.removeItem(`${key}:pending`);
  return challengeId;
}

function storages(): Storage[] {
  try {
    return [globalThis.sessionStorage, globalThis.localStorage].filter(Boolean);
  } catch {
    // The browser keeps nothing for this site.
    return [];
  }
}
