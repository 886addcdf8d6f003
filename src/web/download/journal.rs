//! A download's place in the journal: its record and its pieces, written one after the other.

use std::rc::Rc;

use web_sys::Blob;

use crate::core::download::Record;
use crate::web::clock;
use crate::web::convert::download_record;
use crate::web::serial::Serial;
use crate::web::store::{self, Claim};

/// A download's place in the journal. A journal that fails costs the next visit what this one brought, and never the
/// download.
pub struct DownloadJournal {
    /// Nothing if the download is not to be remembered.
    claim: Option<Rc<Claim>>,
    /// In order: a piece never outlives the record it belongs to.
    writes: Serial,
}

impl DownloadJournal {
    /// Makes a journal in the place that was claimed; one that remembers nothing where there is none.
    pub fn new(claim: Option<Claim>) -> DownloadJournal {
        DownloadJournal { claim: claim.map(Rc::new), writes: Serial::default() }
    }

    /// Finds what an earlier visit stored: the record, and the pieces with their indexes.
    pub async fn find(&self) -> Option<(Record, Vec<(u32, Blob)>)> {
        let key = self.claim.as_ref()?.key();
        let record = download_record::read(&store::get(key).await?)?;
        Some((record, store::pieces(key).await.ok()?))
    }

    fn key(&self) -> Option<String> {
        Some(self.claim.as_ref()?.key().to_owned())
    }

    /// Saves the record.
    pub fn save(&self, record: &Record) {
        if let Some(key) = self.key() {
            let value = download_record::write(record, clock::unix_now());
            self.writes.run(async move { drop(store::put(&key, &value).await) });
        }
    }

    /// Saves pieces.
    pub fn save_pieces(&self, pieces: Vec<(u32, Blob)>) {
        for (index, piece) in pieces {
            if let Some(key) = self.key() {
                self.writes.run(async move { drop(store::put_piece(&key, index, &piece).await) });
            }
        }
    }

    /// Removes the pieces.
    pub fn remove_pieces(&self) {
        if let Some(key) = self.key() {
            self.writes.run(async move { drop(store::remove_pieces(&key).await) });
        }
    }

    /// Removes the record and the pieces. The claim is held until then: what is done is not to be found as unfinished
    /// meanwhile.
    pub fn forget(&self) {
        if let Some(claim) = self.claim.clone() {
            self.writes.run(async move { drop(store::remove(claim.key()).await) });
        }
    }
}
