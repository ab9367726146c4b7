const SLICES = 10;

/**
 * Calls `expired` after the given number of milliseconds, but never before the event loop has turned ten times: what
 * has answered in time while the loop was late is taken first. Returns what cancels it.
 */
export function setDeadline(expired: () => void, milliseconds: number): () => void {
  let left = SLICES;
  const slice = () => {
    left -= 1;
    if (left === 0) expired();
    else timer = setTimeout(slice, milliseconds / SLICES);
  };
  let timer = setTimeout(slice, milliseconds / SLICES);
  return () => clearTimeout(timer);
}
