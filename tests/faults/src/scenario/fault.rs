//! The kinds of faults.

use std::time::Duration;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Another status than the work deserves.
    Status {
        /// The status.
        status: u16,
        /// Whether the work is done.
        work: Work,
        /// What the answer holds.
        body: Filler,
        /// `Retry-After`.
        retry: Option<Retry>,
    },
    /// HTTP 200 with this `code`.
    Code(u32),
    /// 429 above so many requests at once.
    Limit {
        /// So many are let through.
        most: usize,
        /// `Retry-After`.
        retry: Option<Retry>,
    },
    /// 401 unless this bearer token comes.
    Token(String),
    /// The work is done, and HTTP 200 comes with something other than its answer.
    Answer(Filler),
    /// A wrong list.
    List(List),
    /// Something is forgotten before the work.
    Forget(Forget),
    /// The chunk's bytes are spoiled on the way.
    Corrupt,
    /// The answer comes later.
    Slow(Duration),
    /// The client is sent elsewhere by this status.
    Redirect(u16),
    /// The answer's body is not as long as it says.
    Length(Lengths),
    /// A chunked answer that is none.
    Garbage,
    /// Other origins may not, or see less.
    Cors(Cors),
    /// A wrong answer to a range request.
    Range(RangeFault),
    /// A TCP reset.
    Reset(Side, u64),
    /// Silence, with the connection open.
    Hole(Side, u64),
    /// So many bytes a second.
    Drip(Side, u64),
    /// The server's side is closed at this byte of the request's body.
    HalfClose(u64),
    /// The work is done and nothing is answered.
    Mute,
    /// The port is closed for so long.
    Refuse(Duration),
    /// A kept-alive connection is closed when it is used again.
    CloseIdle,
}

impl Fault {
    /// Tells whether it strikes while the request comes in, before its body tells what it is.
    pub fn is_early(&self) -> bool {
        matches!(
            self,
            Fault::Reset(Side::Request, _)
                | Fault::Hole(Side::Request, _)
                | Fault::Drip(Side::Request, _)
                | Fault::HalfClose(_)
                | Fault::Refuse(_)
                | Fault::CloseIdle
                | Fault::Status { work: Work::Early, .. }
        )
    }
}

/// A direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The request's body.
    Request,
    /// The answer, from its first line on.
    Answer,
}

/// Whether the work is done when the answer says otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// It was not.
    Before,
    /// It was.
    After,
    /// It was not, and the answer comes before the request's body.
    Early,
}

/// What an answer holds that is not the protocol's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filler {
    /// The protocol's envelope after all, with the status as its code.
    Envelope,
    /// A page, as proxies make them.
    Html,
    /// Nothing.
    Empty,
    /// The first half of the JSON that was meant.
    Cut,
}

/// When to come back, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// As seconds.
    Seconds(u64),
    /// As a date so many seconds from now.
    Date(u64),
}

/// How a list of needed chunks is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// As it was when the request began.
    Stale,
    /// With an acknowledged chunk that the server has not got any more.
    Again,
    /// With the chunk that the request brought, which is thrown away.
    Own,
    /// With a chunk that the file doesn't have.
    Unknown,
    /// Empty, where the file's URL belongs.
    Empty,
}

/// What is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forget {
    /// The session alone; a new handshake finds the chunks there.
    Session,
    /// The chunks as well.
    Chunks,
}

/// How a body differs from its Content-Length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lengths {
    /// Half of it comes, then the connection closes.
    Short,
    /// More comes.
    Long,
}

/// What other origins get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cors {
    /// The answer, with no header exposed.
    Silent,
    /// Nothing.
    Refused,
}

/// How an answer to a range request is wrong (download.md has more of them).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeFault {
    /// 200 with the whole.
    Ignored,
    /// 206 with the bytes from one further on, and says so.
    Shifted,
    /// 206 that says the range asked for, and holds the bytes from one further on.
    Lying,
    /// 206 with less than was asked for, and says so.
    Less,
    /// 206 without Content-Range.
    Unsaid,
    /// 206 with another total than before.
    Total,
    /// 206 of another version: another ETag and other bytes.
    Changed,
    /// 206 that says the range asked for, with one bit of it flipped.
    Flipped,
    /// 416.
    Refused,
}
