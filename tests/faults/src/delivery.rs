//! How an answer goes onto the wire: whole, slowly, in part, or not at all.

use std::io::{Error, ErrorKind, Result};
use std::time::Duration;

use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;

use crate::generated::Generated;
use crate::http::Answer;
use crate::log::Open;
use crate::scenario::{Fault, Lengths, Side, Spec};

/// How many bytes are made and written at once.
const RUN: u64 = 64 << 10;
/// A limited rate flows in so many steps a second.
const STEPS: u64 = 20;

/// An answer that is on its way.
#[derive(Debug, Clone)]
pub(crate) struct Outgoing {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Body,
}

/// A body, or how it is made.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Bytes(Vec<u8>),
    /// From an offset on, and so long.
    Generated(Generated, u64, u64),
    /// The same, with a bit of the byte at this index flipped.
    Flipped(Generated, u64, u64, u64),
}

/// What becomes of the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// It goes on.
    Keep,
    /// It is closed in order.
    Close,
    /// It is reset.
    Reset,
    /// It stays open until the client gives up, and nothing more is said.
    Silence,
}

impl From<Answer> for Outgoing {
    fn from(answer: Answer) -> Outgoing {
        Outgoing { status: answer.status, headers: answer.headers, body: Body::Bytes(answer.body) }
    }
}

impl Outgoing {
    /// Adds a header.
    pub fn with(mut self, name: &str, value: &str) -> Outgoing {
        self.set(name, value);
        self
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }
}

impl Body {
    fn length(&self) -> u64 {
        match self {
            Body::Bytes(bytes) => bytes.len() as u64,
            Body::Generated(_, _, length) | Body::Flipped(_, _, length, _) => *length,
        }
    }

    /// Returns at most `most` bytes from `at` on.
    fn some(&self, at: u64, most: u64) -> Vec<u8> {
        let length = usize::try_from(self.length().saturating_sub(at).min(most)).unwrap_or(0);
        match self {
            Body::Bytes(bytes) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                bytes.get(at..at.saturating_add(length)).unwrap_or(&[]).to_vec()
            }
            Body::Generated(generated, from, _) => generated.bytes(from + at, length),
            Body::Flipped(generated, from, _, index) => {
                let mut bytes = generated.bytes(from + at, length);
                let place = index.checked_sub(at).and_then(|place| usize::try_from(place).ok());
                if let Some(byte) = place.and_then(|place| bytes.get_mut(place)) {
                    *byte ^= 1 << (index % 8);
                }
                bytes
            }
        }
    }
}

/// Writes `outgoing` under the faults that struck; a `bare` one (to HEAD) has no body.
pub(crate) async fn deliver(
    to: &mut (impl AsyncWrite + Unpin),
    mut outgoing: Outgoing,
    bare: bool,
    struck: &[Spec],
    open: &Open,
) -> Result<Next> {
    let mut writer = Writer { to, open, left: None, rate: None };
    let mut after = Next::Keep;
    let mut stated = Some(outgoing.body.length());
    for spec in struck {
        match spec.fault {
            Fault::Slow(span) => {
                open.injected(&spec.text);
                sleep(span).await;
                continue;
            }
            Fault::Mute => (writer.left, after) = (Some(0), Next::Silence),
            Fault::Reset(Side::Answer, at) => (writer.left, after) = (Some(at), Next::Reset),
            Fault::Hole(Side::Answer, at) => (writer.left, after) = (Some(at), Next::Silence),
            Fault::Drip(Side::Answer, rate) => writer.rate = Some(rate),
            Fault::Length(Lengths::Short) => {
                let half = outgoing.body.length() / 2;
                outgoing.body = Body::Bytes(outgoing.body.some(0, half));
                after = Next::Close;
            }
            Fault::Length(Lengths::Long) => {
                let mut bytes = outgoing.body.some(0, u64::MAX);
                bytes.extend_from_slice(b"and more than it said");
                outgoing.body = Body::Bytes(bytes);
            }
            Fault::Garbage => {
                stated = None;
                outgoing.body = Body::Bytes(b"this is no chunk size\r\nnor this\r\n".to_vec());
                after = Next::Close;
            }
            _ => continue,
        }
        open.injected(&spec.text);
    }
    match writer.message(&outgoing, stated, bare).await {
        Ok(()) if after == Next::Keep => {
            open.note(|entry| entry.complete = true);
            Ok(Next::Keep)
        }
        // The cut lay behind the end: it comes at the end.
        Ok(()) => Ok(after),
        Err(error) if error.kind() == ErrorKind::WriteZero => Ok(after),
        Err(error) => Err(error),
    }
}

struct Writer<'a, W> {
    to: &'a mut W,
    open: &'a Open,
    /// Bytes until a fault stops it.
    left: Option<u64>,
    rate: Option<u64>,
}

impl<W: AsyncWrite + Unpin> Writer<'_, W> {
    async fn message(&mut self, outgoing: &Outgoing, stated: Option<u64>, bare: bool) -> Result<()> {
        let mut head = format!("HTTP/1.1 {} -\r\n", outgoing.status);
        match stated {
            // RFC 9110, section 8.6: none in a 204.
            Some(_) if outgoing.status == 204 => {}
            Some(length) => head.push_str(&format!("Content-Length: {length}\r\n")),
            None => head.push_str("Transfer-Encoding: chunked\r\n"),
        }
        for (name, value) in &outgoing.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        if self.left != Some(0) {
            self.open.note(|entry| entry.status = outgoing.status);
        }
        let head = Body::Bytes(head.into_bytes());
        self.run(&head).await?;
        if !bare {
            self.run(&outgoing.body).await?;
        }
        self.to.flush().await
    }

    async fn run(&mut self, body: &Body) -> Result<()> {
        let mut at = 0;
        while at < body.length() {
            if self.left == Some(0) {
                self.to.flush().await?;
                return Err(Error::new(ErrorKind::WriteZero, "stopped on order"));
            }
            let step = self.rate.map_or(RUN, |rate| (rate / STEPS).clamp(1, RUN));
            let bytes = body.some(at, step.min(self.left.unwrap_or(u64::MAX)));
            self.to.write_all(&bytes).await?;
            self.open.went(bytes.len());
            at += bytes.len() as u64;
            self.left = self.left.map(|left| left - bytes.len() as u64);
            if let Some(rate) = self.rate {
                sleep(Duration::from_secs_f64(bytes.len() as f64 / rate.max(1) as f64)).await;
            }
        }
        Ok(())
    }
}
