import type { Caller } from './principal.ts';
import type { Revocation } from './revocation/revocation.ts';
import type { CoreStores } from './stores.ts';

/** The events that one feature emits for the others, with their payloads. The names are those of the audit log. */
export interface Events {
  /** A permission is deleted, and every holder loses it. */
  readonly 'permission.deleted': {
    readonly name: string;
    readonly caller: Caller;
    /** To be asked for each holder, with all that the holder may do. @throws AppError where it may not lose the permission */
    readonly requireTakeable: (permissions: readonly string[]) => void;
  };
}

type Listener<Event> = (event: Event, stores: CoreStores) => Promise<Revocation[]>;

/**
 * What a feature does when something happens in another one, in the same transaction: it throws to prevent that, and
 * returns what it has revoked.
 */
export type Listeners = { readonly [Name in keyof Events]?: Listener<Events[Name]> };

/** Calls every listener, one after another. Resolves to what they have revoked, to be announced after the commit. */
export type Emit = <Name extends keyof Events>(
  name: Name,
  event: Events[Name],
  stores: CoreStores,
) => Promise<Revocation[]>;

export function createEvents() {
  const all: Listeners[] = [];
  const emit: Emit = async (name, event, stores) => {
    const revoked: Revocation[] = [];
    for (const listeners of all) revoked.push(...((await listeners[name]?.(event, stores)) ?? []));
    return revoked;
  };
  return { emit, add: (listeners: Listeners) => void all.push(listeners) };
}
