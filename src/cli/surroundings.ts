import type { Readable, Writable } from 'node:stream';
import type { Environment } from '../../config/environment.cjs';

/** What a command takes from the process that it runs in. */
export interface Surroundings {
  /** Asked once the arguments make sense. */
  readonly environment: () => Environment;
  readonly streams: Streams;
}

export interface Streams {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  readonly stdout: Writable;
  readonly stderr: Writable;
}
