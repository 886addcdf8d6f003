//! The errors that say more than the server did, in words.

use super::state::RefusedCut;
use crate::core::error::{Error, Kind};

/// What a body that is too large meets with, as people set it.
const BODY_LIMITS: &str = "the limit of what stands before the server or in it (nginx: client_max_body_size; PHP: \
    upload_max_filesize and post_max_size; Express, Spring and others: their multipart limits)";

/// Adds what to do where a body was too large.
pub fn too_large(error: Error) -> Error {
    error.with_advice(format!("Raise {BODY_LIMITS}"))
}

/// Says that bodies of `len` bytes seem to be refused by something that the page cannot see: a proxy's refusal of large
/// bodies carries no CORS headers.
pub fn refused_unseen(error: Error, len: u64) -> Error {
    let detail = format!(
        "{}; every handshake gets through and no chunk does, as if bodies of {len} bytes were refused by something \
         whose answers carry no CORS headers",
        error.detail
    );
    too_large(Error { detail, ..error })
}

/// Makes the error of a server that asks again for what it acknowledged, `times` times for one chunk that was sent alone.
pub fn reneged(doing: String, times: u32) -> Error {
    let detail = if times == 0 {
        "the server took a chunk and asks for it again".to_owned()
    } else {
        format!(
            "the server took a chunk and asks for it again, {times} times by now: it seems not to keep what it \
             acknowledges (a record that is overwritten, a folder that is cleaned, several processes that do not \
             share what they store)"
        )
    };
    Error::new(Kind::Server, doing, detail)
}

/// Makes the error of a server that has every chunk and names no URL.
pub fn no_url(doing: String) -> Error {
    Error::new(Kind::Server, doing, "the server has every chunk but names no URL")
}

/// Makes the error of a server that asks for `listed` chunks of which the file, cut into chunks of `chunk` bytes, does not
/// have `unknown` ones.
pub fn another_cut(
    doing: String,
    refused: Option<&RefusedCut>,
    chunk: u64,
    listed: usize,
    unknown: usize,
) -> Error {
    let Some(RefusedCut { chunk: before, why }) = refused else {
        let detail = format!(
            "the server asks for {listed} chunks of which the file does not have {unknown}: it knows the file in other \
             chunks than those of {chunk} bytes that it is told of; set `chunkSize` to what the file was begun with, \
             or have the server forget it"
        );
        return Error::new(Kind::Server, doing, detail);
    };
    let detail = format!(
        "the server keeps to the chunks of {before} bytes that it was told of first, and bodies of that size do not get \
         through ({why})"
    );
    let advice = format!("Set `chunkSize` to {chunk} or less from the start, or raise {BODY_LIMITS}");
    Error::new(Kind::Rejected, doing, detail).with_advice(advice)
}
