/**
 * @import { Adapter, AdapterPayload } from 'oidc-provider'
 * @typedef {{ readonly model: string, payload: AdapterPayload, readonly expiresAtMs: number }} MemoryRecord
 */

/** Where a provider keeps what it has handed out. It may outlive the provider, as a database does. */
export function createMemory() {
  /** @type {Map<string, MemoryRecord>} */
  const records = new Map();

  /** @param {(record: MemoryRecord) => boolean} matches */
  function find(matches) {
    for (const record of records.values()) {
      if (record.expiresAtMs > Date.now() && matches(record)) return record.payload;
    }
    return undefined;
  }

  /** @param {(record: MemoryRecord) => boolean} matches */
  function remove(matches) {
    for (const [key, record] of records) if (matches(record)) records.delete(key);
  }

  return {
    /**
     * @param {string} model
     * @returns {Adapter}
     */
    adapter(model) {
      const keyOf = (/** @type {string} */ id) => `${model}:${id}`;
      return {
        async upsert(id, payload, expiresInSeconds = Number.POSITIVE_INFINITY) {
          remove(({ expiresAtMs }) => expiresAtMs <= Date.now());
          records.set(keyOf(id), { model, payload, expiresAtMs: Date.now() + expiresInSeconds * 1000 });
        },
        async find(id) {
          const record = records.get(keyOf(id));
          return record && find((other) => other === record);
        },
        findByUid: async (uid) => find((record) => record.model === model && record.payload.uid === uid),
        findByUserCode: async () => undefined,
        async consume(id) {
          const record = records.get(keyOf(id));
          if (record) record.payload.consumed = Math.floor(Date.now() / 1000);
        },
        async destroy(id) {
          records.delete(keyOf(id));
        },
        async revokeByGrantId(grantId) {
          remove(({ payload }) => payload.grantId === grantId);
        },
      };
    },

    /**
     * Lets everything of a kind expire at once.
     * @param {string} model
     */
    expire(model) {
      for (const record of records.values()) if (record.model === model) record.payload.exp = 1;
    },
  };
}
