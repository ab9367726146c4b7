/** What the script has asked an authenticator for; a text that is no JSON is refused like a wrong one. */
export function credentialIn(text = ''): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
