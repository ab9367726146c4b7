import { describe, expect, it } from '@jest/globals';
import { BoundedMap } from '../../src/core/values/bounded-map.ts';

describe('A bounded map', () => {
  it('forgets the entry that was set the longest ago where it has too many', () => {
    const map = new BoundedMap<string, number>(2);

    map.set('a', 1).set('b', 2).set('c', 3);

    expect([...map]).toEqual([
      ['b', 2],
      ['c', 3],
    ]);
  });

  it('counts an entry that is set again as the newest', () => {
    const map = new BoundedMap<string, number>(2);

    map.set('a', 1).set('b', 2).set('a', 3).set('c', 4);

    expect([...map]).toEqual([
      ['a', 3],
      ['c', 4],
    ]);
  });

  it('counts an entry that is used as the newest', () => {
    const map = new BoundedMap<string, number>(2);

    map.set('a', 1).set('b', 2);

    expect([map.use('a'), map.use('none')]).toEqual([1, undefined]);
    expect([...map.set('c', 3).keys()]).toEqual(['a', 'c']);
  });
});
