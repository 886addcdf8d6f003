//! Numbers as JavaScript makes and writes them.

/// Returns 53 random bits; who watches many of them can guess the next.
pub fn random() -> u64 {
    (js_sys::Math::random() * (1_u64 << 53) as f64) as u64
}

/// Writes a number as JavaScript does. Rust's own way brings 10 KB of tables.
pub fn number_text(number: f64) -> String {
    let text = js_sys::Number::from(number).to_string_with_radix(10);
    text.ok().and_then(|text| text.as_string()).unwrap_or_default()
}
