//! What a download works with.

use std::cell::RefCell;

use js_sys::Function;

use super::journal::DownloadJournal;
use super::sink::Sink;
use crate::core::download::Restored;
use crate::web::headers::Headers;
use crate::web::inquiry::Inquiry;

/// What a download works with.
pub struct DownloadContext {
    /// Where it comes from; changes when the page gives a new URL.
    pub url: RefCell<String>,
    /// The page's function for a new URL.
    pub refresh_url: Option<Function>,
    /// The page's headers.
    pub headers: Headers,
    /// Sends its requests.
    pub inquiry: Inquiry,
    /// Whether cookies go along.
    pub credentials: &'static str,
    /// Where the bytes go.
    pub sink: RefCell<Sink>,
    /// Where it is remembered.
    pub journal: DownloadJournal,
}

impl DownloadContext {
    /// Puts what an earlier visit stored into the sink, as far as it counts, and returns what that is.
    pub async fn restore(&self) -> Option<Restored> {
        let (record, pieces) = self.journal.find().await?;
        let stored = pieces.iter().map(|(index, piece)| (*index as usize, piece.size() as u64));
        let restored = record.restore(stored);
        let mut sink = self.sink.borrow_mut();
        sink.start_again(restored.record.piece);
        for (index, piece) in pieces.into_iter().filter(|(index, _)| restored.has(*index as usize)) {
            sink.restore(index, piece);
        }
        drop(sink);
        Some(restored)
    }
}
