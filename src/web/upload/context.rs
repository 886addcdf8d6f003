//! What an upload works on in the page, and what earlier visits left of it.

use std::cell::RefCell;

use wasm_bindgen::prelude::*;
use web_sys::Blob;

use crate::core::journal::{self, UploadRecord};
use crate::core::plan::Cut;
use crate::core::upload::Restored;
use crate::web::convert::{read_digests, read_upload_record};
use crate::web::headers::Headers;
use crate::web::inquiry::Inquiry;
use crate::web::store::{self, Claim};

/// What an upload works on.
pub struct UploadContext {
    /// The file.
    pub file: Blob,
    /// Its chunks, at first.
    pub cut: Cut,
    /// Where chunks go; handshakes go to `/handshake` below it.
    pub endpoint: String,
    /// The page's headers.
    pub headers: Headers,
    /// Sends its requests.
    pub inquiry: Inquiry,
    /// Whether cookies go along.
    pub credentials: &'static str,
    /// Its key in the journal, which is also its name among tabs.
    pub key: String,
    /// What is written into the journal; nothing if it is not to be remembered.
    pub record: Option<UploadRecord>,
    /// Its place there. Who waits for somebody else of this page gets it with the turn.
    pub claim: RefCell<Option<Claim>>,
    /// What the journal has of it may be believed.
    pub same_file: bool,
    /// The way back to the file for a later visit: a handle, as long as the journal takes it, or undefined.
    pub handle: RefCell<JsValue>,
    /// What tells the file, to find its digests by; nothing if they are not to be remembered.
    pub identity: Option<UploadRecord>,
}

impl UploadContext {
    /// Finds what earlier visits, or other tabs, left of the file's digests.
    pub async fn restore(&self) -> Restored {
        if self.record.is_some() && self.claim.borrow().is_none() {
            *self.claim.borrow_mut() = Claim::new(&self.key);
        }
        if let Some(record) = &self.record
            && self.same_file
            && let Some(value) = store::get(&self.key).await
            && let Some(stored) = read_upload_record(&value)
            && stored.is_same_file(record)
            && let Some(restored) = stored.restored()
        {
            return restored;
        }
        if let Some(key) = self.digests_key(self.cut.chunk)
            && let Some(value) = store::digests(&key).await
        {
            return read_digests(&value, self.cut);
        }
        Restored::Nothing
    }

    /// Returns the key under which the file's digests in chunks of this size are remembered.
    pub fn digests_key(&self, chunk: u64) -> Option<String> {
        let identity = self.identity.clone()?;
        journal::digests_key(&UploadRecord { chunk, ..identity })
    }
}
