//! ArrayBuffers: made where there may be no memory for them, and freed at once.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = ArrayBuffer)]
    type Buffer;

    #[wasm_bindgen(constructor, js_class = "ArrayBuffer", catch)]
    fn new(len: f64) -> Result<Buffer, JsValue>;

    /// [`ArrayBuffer.prototype.transfer`](https://tc39.es/ecma262/#sec-arraybuffer.prototype.transfer): takes the bytes
    /// out of the buffer, all but the first `len` of which are freed at once. Fails where a browser has not got it.
    #[wasm_bindgen(method, structural, catch, js_name = transfer)]
    fn transfer(this: &Buffer, len: u32) -> Result<JsValue, JsValue>;
}

/// Makes an ArrayBuffer of `len` bytes; fails where there is not that much memory.
pub fn new_array_buffer(len: f64) -> Result<js_sys::ArrayBuffer, JsValue> {
    Buffer::new(len).map(JsCast::unchecked_into)
}

/// Frees the bytes of a buffer that nobody will read again; where a browser can't, its collector will in time.
pub fn free(buffer: js_sys::ArrayBuffer) {
    let buffer: Buffer = buffer.unchecked_into();
    let _ = buffer.transfer(0);
}
