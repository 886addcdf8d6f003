//! The md-5 crate's compression function behind the C ABI, as simply as it can be called from JavaScript.

/// Takes `blocks` blocks from `data` on into a chain.
///
/// # Safety
///
/// `state` is the address of four words, `data` that of 64 times `blocks` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn chain(state: *mut [u32; 4], data: *const [u8; 64], blocks: usize) {
    // SAFETY: as the caller promises.
    unsafe { md5::block_api::compress(&mut *state, std::slice::from_raw_parts(data, blocks)) }
}
