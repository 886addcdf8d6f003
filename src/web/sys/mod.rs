//! Every function of the browser and of the shell that `js-sys` and `web-sys` do not give in the form needed here: for
//! pages and workers alike, and failing with a value. No other module declares one.

mod buffers;
mod fetch;
mod numbers;
mod port;
mod shell;
mod streams;
mod timing;
mod values;
mod wasm;

pub use buffers::{free, new_array_buffer};
pub use fetch::fetch;
pub use numbers::{number_text, random};
pub use port::Port;
pub use shell::{Admission, Observer, Turns, read_ahead};
pub use streams::{ByteReader, ByteStream, ReadResult, Streaming};
pub use timing::{clear_timeout, performance_now, set_timeout};
pub use values::{parse_json, source_of, tag_of};
pub use wasm::{Digester, instantiate};
