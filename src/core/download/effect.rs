//! What the machine asks for, and the queue in which it waits to be carried out.

use std::collections::VecDeque;

use super::cursor::BodyCursor;
use super::outcome::Outcome;
use super::record::Record;
use crate::core::error::Error;
use crate::core::range::ByteRange;

/// The number of a request, from 1; never used twice by one machine.
pub type RequestId = u64;

/// What the machine asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Send a GET with `cache: "no-store"` to the present URL; answered by [`Input::Head`] or [`Input::Lost`].
    ///
    /// [`Input::Head`]: super::Input::Head
    /// [`Input::Lost`]: super::Input::Lost
    Send {
        /// Its number.
        id: RequestId,
        /// The `Range` header, by its `Display`.
        range: Option<ByteRange>,
        /// The `If-Match` header.
        if_match: Option<String>,
    },
    /// Read the body by this cursor. At its limit read on until [`Effect::Cancel`] (then drop the rest), the end, or
    /// another `Receive` for the same body, which goes on with the very next byte.
    Receive {
        /// The request.
        id: RequestId,
        /// What the bytes are for. Those that differ from the stored ones are answered by [`Input::Differs`].
        ///
        /// [`Input::Differs`]: super::Input::Differs
        cursor: BodyCursor,
        /// The body may be read in bulk, however long that lasts, and told by one [`Input::Data`]; of one that turns out
        /// to be shorter only whole pieces then count, see [`whole_pieces`].
        ///
        /// [`Input::Data`]: super::Input::Data
        /// [`whole_pieces`]: super::whole_pieces
        bulk: bool,
    },
    /// Stop writing this body at `end`, which is not before what was reported: another request brings the rest.
    Limit {
        /// The request.
        id: RequestId,
        /// The first offset not to write.
        end: u64,
    },
    /// Abort a request, or drop the rest of its body; what comes of it is ignored.
    Cancel(RequestId),
    /// Make room for the result; answered by [`Input::Prepared`].
    ///
    /// [`Input::Prepared`]: super::Input::Prepared
    Prepare {
        /// Its size in bytes, where known.
        total: Option<u64>,
        /// The size is certain; otherwise it is a hint and the result may be longer or shorter.
        exact: bool,
    },
    /// Throw away every stored byte. Must be done before any later `Prepare` or `Save` takes effect.
    Discard,
    /// Ask the page for new headers; answered by [`Input::Headers`].
    ///
    /// [`Input::Headers`]: super::Input::Headers
    RefreshHeaders,
    /// Ask the page for a new URL and use it from now on; answered by [`Input::Url`].
    ///
    /// [`Input::Url`]: super::Input::Url
    RefreshUrl,
    /// Save the record for a later visit. Stored pieces must never outlive an older record.
    Save(Box<Record>),
    /// Forget the record.
    Forget,
    /// The bytes before this one, a piece's edge, are there, and their MD5 will be wanted with the rest's: it may be begun.
    /// What is thrown away has to be begun anew.
    Hash(u64),
    /// All bytes were handed over: finish every write, cut the result to `total`, and hash it if `hash` says so;
    /// answered by [`Input::Finished`].
    ///
    /// [`Input::Finished`]: super::Input::Finished
    Finish {
        /// The size in bytes.
        total: u64,
        /// The MD5 is wanted.
        hash: bool,
    },
    /// The end.
    Settle(Result<Outcome, Error>),
}

/// Effects that were not handed out yet, in order; what became pointless meanwhile is taken back.
#[derive(Debug, Default)]
pub struct EffectQueue(VecDeque<Effect>);

impl EffectQueue {
    /// Adds an effect.
    pub fn push(&mut self, effect: Effect) {
        self.0.push_back(effect);
    }

    /// Returns the next effect.
    pub fn pop(&mut self) -> Option<Effect> {
        self.0.pop_front()
    }

    /// Aborts a request; one that was not handed out yet is never sent.
    pub fn cancel(&mut self, request: RequestId) {
        let before = self.0.len();
        self.0.retain(|effect| !matches!(effect, Effect::Send { id, .. } if *id == request));
        let is_unsent = self.0.len() < before;
        self.0.retain(|effect| {
            !matches!(effect, Effect::Receive { id, .. } | Effect::Limit { id, .. } if *id == request)
        });
        if !is_unsent {
            self.push(Effect::Cancel(request));
        }
    }

    /// Throws away what is stored, and what was to be saved of it.
    pub fn discard(&mut self) {
        self.0.retain(|effect| !matches!(effect, Effect::Save(_)));
        self.push(Effect::Discard);
    }

    /// Ends the download: what nobody waits for any more is not asked.
    pub fn settle(&mut self, result: Result<Outcome, Error>) {
        self.0.retain(|effect| {
            !matches!(effect, Effect::RefreshHeaders | Effect::RefreshUrl | Effect::Finish { .. })
        });
        self.push(Effect::Settle(result));
    }
}
