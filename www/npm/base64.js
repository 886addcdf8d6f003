/** Decodes base64 to an `ArrayBuffer`, without `fetch("data:…")`, which a page's policy may forbid. */
export function decodeBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes.buffer;
}
