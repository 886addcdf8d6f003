//! A download's bytes in a file: a private one of the site's where the browser has those, else pieces in the database.

use std::ops::Range;
use std::rc::Rc;

use js_sys::Uint8Array;
use web_sys::Blob;

use super::bytes::{StoredBytes, StoredPart};
use super::disk::{Disk, Receipt};
use super::pieces::{Pieces, Whole};
use crate::core::download::{StoreFailure, whole_pieces};
use crate::core::flat_map::FlatMap;
use crate::core::plan::Cut;
use crate::core::thrown::Thrown;
use crate::web::blob;
use crate::web::task::Window;

/// The bytes of one file.
pub struct FileSink {
    /// Where they are.
    pub place: Place,
    /// The bytes on their way there.
    pub window: Rc<Window>,
    piece: u64,
    /// The result's size, if it is certain.
    total: Option<u64>,
    /// How many bytes are there.
    stored: u64,
    /// How often all was thrown away: what is told of pieces from before is not about those of now.
    version: u32,
}

/// Where a file's bytes are.
pub enum Place {
    /// Nowhere: it is not open.
    None,
    /// In a private file.
    Disk(OnDisk),
    /// In pieces, which the database takes one by one.
    Pieces(Pieces),
}

/// A private file, and what is known of its pieces.
pub struct OnDisk {
    disk: Rc<Disk>,
    /// How many bytes the pieces have that are begun, by their indexes.
    begun: FlatMap<usize, u64>,
    /// What was asked of the disk and nobody waits for yet, with its size in bytes.
    asked: Vec<(u64, Receipt)>,
    /// The pieces that were written whole since the disk was last asked to flush.
    whole: Vec<u32>,
}

impl OnDisk {
    /// Takes a file that is open.
    pub fn new(disk: Disk) -> OnDisk {
        OnDisk { disk: Rc::new(disk), begun: FlatMap::default(), asked: Vec::new(), whole: Vec::new() }
    }

    /// Notes that the bytes of `range` were written; what is cut into pieces says which became whole.
    fn wrote(&mut self, cut: Cut, range: Range<u64>) {
        let mut at = range.start;
        while at < range.end {
            let index = (at / cut.chunk) as usize;
            let piece = cut.range(index);
            let end = piece.end.min(range.end);
            let filled = self.begun.remove(&index).unwrap_or(0) + (end - at);
            if filled == piece.end - piece.start {
                self.whole.push(index as u32);
            } else {
                self.begun.insert(index, filled);
            }
            at = end;
        }
    }
}

impl FileSink {
    /// Makes a file that is not open, in pieces of `piece` bytes.
    pub fn new(piece: u64) -> FileSink {
        FileSink { place: Place::None, window: Rc::default(), piece, total: None, stored: 0, version: 0 }
    }

    /// Opens it, with nothing in it.
    pub fn open(&mut self, place: Place, piece: u64) {
        (self.place, self.piece) = (place, piece);
    }

    /// Takes the size, if it is certain.
    pub fn prepare(&mut self, total: Option<u64>) {
        self.total = total;
        if let Place::Pieces(pieces) = &mut self.place {
            pieces.prepare(total);
        }
    }

    /// Throws away every byte.
    pub fn discard(&mut self) {
        self.stored = 0;
        self.version += 1;
        match &mut self.place {
            Place::None => {}
            // What the file has is written over, and cut off at the end.
            Place::Disk(file) => {
                (file.begun, file.whole) = (FlatMap::default(), Vec::new());
            }
            Place::Pieces(pieces) => *pieces = Pieces::new(self.piece),
        }
    }

    /// Notes that an earlier visit stored so many bytes.
    pub fn restored(&mut self, bytes: u64) {
        self.stored += bytes;
    }

    /// Takes a piece that an earlier visit stored.
    pub fn restore(&mut self, index: u32, piece: Blob) {
        if let Place::Pieces(pieces) = &mut self.place {
            pieces.restore(index, piece);
        }
    }

    /// Returns how many bytes a piece has.
    pub fn piece(&self) -> u64 {
        self.piece
    }

    /// Returns how many bytes are there.
    pub fn stored(&self) -> u64 {
        self.stored
    }

    fn cut(&self) -> Cut {
        Cut::new(self.total.unwrap_or(u64::MAX), self.piece)
    }

    /// Writes `bytes` at `at`. Returns the pieces that became whole by it and are to be kept.
    pub fn write(&mut self, at: u64, bytes: &Uint8Array) -> Result<Whole, StoreFailure> {
        let (cut, len) = (self.cut(), u64::from(bytes.length()));
        if at + len > cut.size {
            return Err(StoreFailure::Other("more bytes came than the result has".into()));
        }
        self.stored += len;
        match &mut self.place {
            Place::None => Err(StoreFailure::Other("the file is not open".into())),
            Place::Disk(file) => {
                file.asked.push((len, file.disk.write(at, bytes)));
                file.wrote(cut, at..at + len);
                self.window.add(len);
                Ok(Vec::new())
            }
            Place::Pieces(pieces) => pieces.write(at, bytes),
        }
    }

    /// Takes what counts of `body`, see `Pieces::take`.
    pub fn take(&mut self, at: u64, body: &Blob, limit: Option<u64>) -> (u64, Whole) {
        let (cut, end) = (self.cut(), limit.unwrap_or(u64::MAX).min(at + body.size() as u64));
        let (len, whole) = match &mut self.place {
            Place::None => (0, Vec::new()),
            Place::Pieces(pieces) => pieces.take(at, body, limit),
            Place::Disk(file) => {
                let pieces = whole_pieces(cut, at..end);
                let len = cut.range(pieces.end).start.saturating_sub(at);
                match blob::slice(body, &(0..len)) {
                    Ok(part) if len > 0 => {
                        file.asked.push((len, file.disk.put(at, &part)));
                        file.whole.extend(pieces.map(|index| index as u32));
                        self.window.add(len);
                        (len, Vec::new())
                    }
                    _ => (0, Vec::new()),
                }
            }
        };
        self.stored += len;
        (len, whole)
    }

    /// Takes what was asked of the disk since this was last called, with the sizes in bytes.
    pub fn take_asked(&mut self) -> Vec<(u64, Receipt)> {
        match &mut self.place {
            Place::Disk(file) => std::mem::take(&mut file.asked),
            _ => Vec::new(),
        }
    }

    /// Has the disk flush, if that makes pieces safe; returns these, with what comes of it.
    pub fn flush(&mut self) -> Option<(Vec<u32>, Receipt)> {
        match &mut self.place {
            Place::Disk(file) if !file.whole.is_empty() => {
                Some((std::mem::take(&mut file.whole), file.disk.flush()))
            }
            _ => None,
        }
    }

    /// Returns which the pieces are that it has now: another number each time that all was thrown away.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// Returns the private file, if it is one.
    pub fn disk(&self) -> Option<Rc<Disk>> {
        match &self.place {
            Place::Disk(file) => Some(file.disk.clone()),
            _ => None,
        }
    }

    /// Reads bytes that were written; fails for bytes that were not.
    pub fn read(&self, range: Range<u64>) -> Result<StoredBytes, Thrown> {
        match &self.place {
            Place::None => Err("the file is not open".into()),
            Place::Disk(file) => Ok(StoredBytes(vec![StoredPart::Disk(file.disk.read(&range))])),
            Place::Pieces(pieces) => pieces.read(range),
        }
    }

    /// Returns whole pieces, which `range` begins and ends with, as a Blob. Of a private file there is none while it is
    /// written: the browser holds it to be another one with each write.
    pub fn blob(&self, range: Range<u64>) -> Result<Blob, StoreFailure> {
        match &self.place {
            Place::Pieces(pieces) => pieces.blob(range),
            _ => Err(StoreFailure::Other("the file is being written".into())),
        }
    }
}
