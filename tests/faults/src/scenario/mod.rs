//! What goes wrong, and with which requests: the faults as they stand in the URL.
//!
//! Faults are joined by `+`; each is a name with its value and parameters, joined by `,`:
//!
//! | fault | what it does | parameters |
//! | --- | --- | --- |
//! | `status=N` | answers the status N | `work`: `before` (default: nothing was done), `after` (it was), `early` (answers when the head is there, and reads the rest later); `body`: `envelope` (default), `html`, `empty`; `retry-after=S`, `retry-date=S`: in seconds from now |
//! | `code=N` | answers HTTP 200 and the code N | |
//! | `limit=N` | answers 429 above N such requests at once | `retry-after` |
//! | `token=T` | answers 401 until `Authorization: Bearer T` comes | |
//! | `answer=…` | does the work and answers HTTP 200 with `html`, `empty`, or `cut` (half of the JSON) | |
//! | `list=…` | `stale`: the list as it was when the request began; `again`: asks for an acknowledged chunk too; `own`: takes the chunk, throws it away and asks for it; `unknown`: asks for a chunk the file doesn't have; `empty`: `[]` for a complete file | |
//! | `forget=…` | before the work, forgets the `session`, or the `chunks` too | |
//! | `corrupt` | the chunk arrives with a flipped bit: 422 | |
//! | `slow=MS` | answers so much later | |
//! | `redirect=N` | sends the client to another URL of the same run by the status N | |
//! | `length=…` | an answer `short` or `long` of its Content-Length | |
//! | `garbage` | a chunked answer that is none | |
//! | `cors=…` | `silent`: exposes no header; `refused`: allows no other origin | |
//! | `range=…` | a wrong answer to a range request, see [`RangeFault`] | |
//! | `reset=…` | a TCP reset at byte `at` of the `request`'s body, or of the `answer` from its first line on | `at` |
//! | `hole=…` | from there on reads, or writes, nothing more | `at` |
//! | `drip=…` | reads, or writes, slowly | `rate` in bytes a second |
//! | `half-close` | at byte `at` of the request's body closes its own side | `at` |
//! | `mute` | does the work and answers nothing | |
//! | `refuse=MS` | resets the port's connections and refuses new ones for so long | |
//! | `close-idle` | closes a kept-alive connection when it is used again | |
//!
//! Every fault takes `on` (`handshake`; `finish`: the handshake of a complete file; `chunk`; `options`; `download`; `any` but
//! OPTIONS; `all`), `nth` (it strikes from the nth such request on, default 1), `times` (how many of them, default 1;
//! `always`), and `for=MS` (all of them for so long, counted from the first).

mod fault;
mod parse;

use std::fmt;
use std::time::Duration;

pub use fault::{Cors, Fault, Filler, Forget, Lengths, List, RangeFault, Retry, Side, Work};

/// Which requests a fault is meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum On {
    /// Handshakes.
    Handshake,
    /// Handshakes of a file whose chunks are all there.
    Finish,
    /// Chunks.
    Chunk,
    /// Preflights.
    Options,
    /// Downloads.
    Download,
    /// What is none of these.
    Other,
    /// Everything but preflights.
    Any,
    /// Everything.
    All,
}

impl On {
    /// Tells whether a fault meant for `self` may strike a request of the aim `request`.
    pub fn covers(self, request: On) -> bool {
        match self {
            On::All => true,
            On::Any => request != On::Options,
            On::Handshake => matches!(request, On::Handshake | On::Finish),
            _ => self == request,
        }
    }
}

/// One fault and the requests it strikes.
#[derive(Debug, Clone, PartialEq)]
pub struct Spec {
    /// As it was written.
    pub text: String,
    /// What goes wrong.
    pub fault: Fault,
    /// With which requests.
    pub on: On,
    /// From which of them on, counted from 1.
    pub nth: u32,
    /// How many; `None` is all of them.
    pub times: Option<u32>,
    /// For how long, counted from the first.
    pub within: Option<Duration>,
}

impl Spec {
    /// Reads the faults of a URL; `none` is none.
    pub fn read_all(text: &str) -> Result<Vec<Spec>, Unreadable> {
        if text == "none" {
            return Ok(Vec::new());
        }
        text.split('+').map(parse::spec).collect()
    }
}

/// Why faults can't be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(
    /// In words.
    pub String,
);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unreadable {}
