/** The index of the first of `length` ascending positions that is above `position`; `length` where none is. */
export function firstIndexAbove(
  length: number,
  at: (index: number) => number | undefined,
  position: number,
): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at(middle) ?? 0) <= position) low = middle + 1;
    else high = middle;
  }
  return low;
}
