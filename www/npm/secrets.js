/** `text` with each URL in it cut down to origin and path: passwords and signatures are nobody's to read. */
export function withoutSecrets(text) {
  return String(text).replace(
    /\b([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/?#"'<>]*@)?([^\s?#"'<>]*)(?:[?#][^\s"'<>]*)?/gi,
    (_, scheme, rest) => scheme + rest,
  );
}
