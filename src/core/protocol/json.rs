//! Writes the JSON of requests. Not by the page's `JSON.stringify`: old libraries give arrays a `toJSON` of their own, and
//! `chunkIds` would go out as a text.

use super::wire::Handshake;

/// A handshake that changes nothing, since it names no file: the protocol answers it with 403, and with what it accepts.
pub const QUESTION: &str = r#"{"ext":"","chunkIds":[]}"#;

/// Writes what a handshake sends.
pub fn handshake(handshake: &Handshake) -> String {
    let mut ids = String::new();
    for id in &handshake.chunk_ids {
        if !ids.is_empty() {
            ids.push(',');
        }
        ids.push_str(&quoted(id));
    }
    let (file_id, ext) = (quoted(&handshake.file_id), quoted(&handshake.ext));
    format!("{{\"fileId\":{file_id},\"ext\":{ext},\"chunkIds\":[{ids}]}}")
}

/// Writes a string (RFC 8259, section 7).
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\0'..='\x1f' => {
                quoted.push_str("\\u00");
                quoted.extend(
                    [u32::from(c) >> 4, u32::from(c) & 15]
                        .map(|digit| char::from_digit(digit, 16))
                        .into_iter()
                        .flatten(),
                );
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(file_id: &str, ext: &str, chunk_ids: &[&str]) -> String {
        let chunk_ids = chunk_ids.iter().map(|&id| id.to_owned()).collect();
        handshake(&Handshake { file_id: file_id.to_owned(), ext: ext.to_owned(), chunk_ids })
    }

    #[test]
    fn a_handshake_has_its_three_fields() {
        assert_eq!(written("a", ".mp4", &["b", "c"]), r#"{"fileId":"a","ext":".mp4","chunkIds":["b","c"]}"#);
        assert_eq!(written("a", "", &[]), r#"{"fileId":"a","ext":"","chunkIds":[]}"#);
    }

    #[test]
    fn what_json_cannot_hold_is_escaped() {
        let text = "a\"b\\c\n\0\u{1f}视频\u{2028}😀";
        assert_eq!(quoted(text), "\"a\\\"b\\\\c\\u000a\\u0000\\u001f视频\u{2028}😀\"");
    }
}
