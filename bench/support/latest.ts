import { readFileSync } from 'node:fs';
import { type Result, resultFile } from './benchmark.ts';

/** What a run of the whole suite writes. */
export const LATEST = resultFile('latest');

export interface Latest extends Pick<Result, 'date' | 'machine' | 'figures'> {
  readonly seconds: number;
}

export function readLatest(): Latest {
  return JSON.parse(readFileSync(LATEST, 'utf8')) as Latest;
}
