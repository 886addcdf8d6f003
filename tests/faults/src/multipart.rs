//! The fields of a `multipart/form-data` body, as browsers write it.

/// Finds the content of the field `name`. Its boundary is the body's first line.
pub fn part<'a>(body: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let line = find(body, b"\r\n")?;
    let boundary = [b"\r\n", body.get(..line)?].concat();
    let at = find(body, format!("name=\"{name}\"").as_bytes())?;
    let rest = body.get(at..)?;
    let content = rest.get(find(rest, b"\r\n\r\n")? + 4..)?;
    content.get(..find(content, &boundary)?)
}

/// Returns the content of the field `name` where it is text.
pub fn text(body: &[u8], name: &str) -> Option<String> {
    String::from_utf8(part(body, name)?.to_vec()).ok()
}

fn find(bytes: &[u8], mark: &[u8]) -> Option<usize> {
    let first = mark.first()?;
    bytes.windows(mark.len()).position(|window| window.first() == Some(first) && window == mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_by_name() {
        let body = b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n--x\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"f\"\r\nContent-Type: b\r\n\r\n\r\n-\r\n--x--\r\n";
        assert_eq!(text(body, "a").as_deref(), Some("1"));
        assert_eq!(part(body, "file"), Some(&b"\r\n-"[..]));
        assert_eq!(part(body, "b"), None);
        assert_eq!(part(b"", "a"), None);
    }
}
