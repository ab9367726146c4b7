/** The credential that the script got from an authenticator; undefined where it is not JSON, which the route refuses. */
export function credentialIn(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
