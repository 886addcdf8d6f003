//! The `Repr-Digest` of an answer: the digest of the whole resource, even in a 206.

use crate::core::md5::Digest;

/// Returns the MD5 in a `Repr-Digest` value (RFC 9530 section 3: a dictionary of byte sequences), if it has one.
///
/// `md5` is deprecated there but allowed against corruption; the other algorithms are not computed here.
pub fn repr_md5(value: &str) -> Option<Digest> {
    // RFC 8941 section 3.2: of a repeated key the last counts.
    value
        .split(',')
        .filter_map(|member| {
            let (key, value) = member.trim_ascii().split_once('=')?;
            (key == "md5").then_some(value)
        })
        .reduce(|_, later| later)?
        .strip_prefix(':')
        .and_then(|value| value.split_once(':'))
        .filter(|(_, parameters)| parameters.is_empty() || parameters.starts_with(';'))
        .and_then(|(base64, _)| sixteen_bytes(base64))
        .map(Digest)
}

/// Decodes the base64 of 16 bytes: 22 characters and two signs of padding, which a lenient sender may leave out.
fn sixteen_bytes(base64: &str) -> Option<[u8; 16]> {
    let text = base64.strip_suffix("==").unwrap_or(base64);
    if text.len() != 22 {
        return None;
    }
    let mut bytes = [0; 16];
    let mut slots = bytes.iter_mut();
    let (mut bits, mut count) = (0u32, 0u32);
    for sign in text.bytes() {
        let value = match sign {
            b'A'..=b'Z' => sign - b'A',
            b'a'..=b'z' => sign - b'a' + 26,
            b'0'..=b'9' => sign - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            *slots.next()? = (bits >> count & 0xff) as u8;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_md5_among_others() {
        let digest = Digest::of(b"");
        let md5 = "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:";
        for value in [
            md5.to_owned(),
            format!("sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:, {md5}"),
            format!("{md5};q=1,sha=:AA==:"),
            format!("md5=:AAAAAAAAAAAAAAAAAAAAAA==:,\t{md5}"),
            "md5=:1B2M2Y8AsgTpgAmY7PhCfg:".to_owned(),
        ] {
            assert_eq!(repr_md5(&value), Some(digest), "{value}");
        }
    }

    #[test]
    fn takes_nothing_else() {
        for bad in [
            "",
            "md5",
            "md5=1B2M2Y8AsgTpgAmY7PhCfg==",
            "md5=:1B2M2Y8AsgTpgAmY7PhCf==:",
            "md5=:1B2M2Y8AsgTpgAmY7PhCfg==",
            "md5=:1B2M2Y8AsgTpgAmY7PhC*g==:",
            "MD5=:1B2M2Y8AsgTpgAmY7PhCfg==:",
            "md5=:1B2M2Y8AsgTpgAmY7PhCfg==:x",
            "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:",
        ] {
            assert_eq!(repr_md5(bad), None, "{bad}");
        }
    }
}
