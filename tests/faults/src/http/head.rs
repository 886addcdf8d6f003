//! The first lines of a message, and how long its body is.

use anyhow::{Context, Result, bail};

use super::framing::Framing;

const MAX_HEADERS: usize = 128;

/// The head of a request or a response, with its bytes as they came.
#[derive(Debug, Clone)]
pub struct Head {
    /// Everything up to and with the empty line.
    pub raw: Vec<u8>,
    /// The request's method; empty in a response.
    pub method: String,
    /// The request's target, such as `/a?b`; empty in a response.
    pub target: String,
    /// The response's status; 0 in a request.
    pub status: u16,
    headers: Vec<(String, String)>,
}

impl Head {
    /// Reads a request's head out of `raw`.
    pub fn request(raw: Vec<u8>) -> Result<Head> {
        let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Request::new(&mut space);
        if parsed.parse(&raw).context("parse a request")?.is_partial() {
            bail!("a request's head is cut short");
        }
        let (method, target) = (parsed.method.unwrap_or("").to_owned(), parsed.path.unwrap_or("").to_owned());
        let headers = owned(parsed.headers);
        Ok(Head { raw, method, target, status: 0, headers })
    }

    /// Reads a response's head out of `raw`.
    pub fn response(raw: Vec<u8>) -> Result<Head> {
        let mut space = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut parsed = httparse::Response::new(&mut space);
        if parsed.parse(&raw).context("parse a response")?.is_partial() {
            bail!("a response's head is cut short");
        }
        let status = parsed.code.unwrap_or(0);
        let headers = owned(parsed.headers);
        Ok(Head { raw, method: String::new(), target: String::new(), status, headers })
    }

    /// Returns the header `name`, whose case is ignored.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// Returns the target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    /// Tells how a request's body is framed (RFC 9112, section 6.3).
    pub fn request_framing(&self) -> Framing {
        self.stated_framing().unwrap_or(Framing::Length(0))
    }

    /// Tells how the body of the response to a request of `method` is framed (RFC 9112, section 6.3).
    pub fn response_framing(&self, method: &str) -> Framing {
        if method == "HEAD" || self.status < 200 || self.status == 204 || self.status == 304 {
            return Framing::Length(0);
        }
        self.stated_framing().unwrap_or(Framing::UntilClose)
    }

    fn stated_framing(&self) -> Option<Framing> {
        if self
            .header("transfer-encoding")
            .is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"))
        {
            return Some(Framing::Chunked);
        }
        self.header("content-length").and_then(|length| length.trim().parse().ok()).map(Framing::Length)
    }
}

fn owned(headers: &[httparse::Header<'_>]) -> Vec<(String, String)> {
    headers
        .iter()
        .map(|header| (header.name.to_owned(), String::from_utf8_lossy(header.value).into_owned()))
        .collect()
}
