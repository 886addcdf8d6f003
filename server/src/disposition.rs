//! `Content-Disposition: attachment` with a name of any script (RFC 6266, RFC 8187).

use std::fmt::Write as _;

/// Writes the header that saves a file as `name`. Folders in the name are dropped; what isn't ASCII, or would break
/// the quotes, stands in `filename*` and as `_` in the plain `filename` for old clients.
pub fn attachment(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_control()).collect();
    if name.is_empty() {
        return "attachment".into();
    }
    let plain: String = name
        .chars()
        .map(|c| if matches!(c, ' '..='~') && !matches!(c, '"' | '\\' | '%') { c } else { '_' })
        .collect();
    let mut value = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        value.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            // `attr-char` of RFC 8187, section 3.2.1.
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                value.push(char::from(byte));
            } else {
                // Writing to a string can't fail.
                let _ = write!(value, "%{byte:02X}");
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn names() {
        for (name, expected) in [
            ("", "attachment"),
            ("a b.txt", "attachment; filename=\"a b.txt\""),
            ("../../etc/passwd", "attachment; filename=\"passwd\""),
            ("C:\\x\\y.txt", "attachment; filename=\"y.txt\""),
            ("a\"b;c.txt", "attachment; filename=\"a_b;c.txt\"; filename*=UTF-8''a%22b%3Bc.txt"),
            ("50%.txt", "attachment; filename=\"50_.txt\"; filename*=UTF-8''50%25.txt"),
            ("a\r\nX: y", "attachment; filename=\"aX: y\""),
            ("€ 续.mp4", "attachment; filename=\"_ _.mp4\"; filename*=UTF-8''%E2%82%AC%20%E7%BB%AD.mp4"),
        ] {
            assert_eq!(attachment(name), expected);
        }
    }
}
