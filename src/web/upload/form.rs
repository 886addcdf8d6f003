//! A chunk's form, `multipart/form-data` (RFC 7578). The ids come first, so that a server knows what it gets while it reads.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{Blob, BlobPropertyBag, FormData};

use crate::core::thrown::Thrown;
use crate::web::sys::random;

/// What a form has beside the bytes.
pub struct Fields<'a> {
    /// The chunk's id.
    pub chunk_id: &'a str,
    /// The file's id.
    pub file_id: &'a str,
}

/// A form that is ready to be sent.
pub struct Form {
    /// The body.
    pub body: JsValue,
    /// Its `Content-Type`; nothing where the browser says that itself.
    pub content_type: Option<String>,
}

impl Fields<'_> {
    /// Puts some bytes into a form that is bytes itself.
    pub fn around_bytes(&self, bytes: &Uint8Array) -> Form {
        let Written { head, tail, content_type } = self.written();
        let mut all = head.into_bytes();
        all.extend(bytes.to_vec());
        all.extend(tail.as_bytes());
        Form { body: Uint8Array::from(all.as_slice()).into(), content_type: Some(content_type) }
    }

    /// Puts a slice of the file, or what was read of it, into a form that is a blob.
    pub fn around_blob(&self, bytes: &JsValue) -> Result<Form, Thrown> {
        let Written { head, tail, content_type } = self.written();
        let parts = Array::of3(&head.into(), bytes, &tail.into());
        let options = BlobPropertyBag::new();
        // For whoever takes the headers away. Blobs have their type in lower case, as it is.
        options.set_type(&content_type);
        let body = Blob::new_with_blob_sequence_and_options(&parts, &options)?;
        Ok(Form { body: body.into(), content_type: Some(content_type) })
    }

    /// Makes the browser's own form. A page's own `fetch` knows that: it is what all send files with, and no
    /// `Content-Type` of such a function's gets in its way.
    pub fn for_a_page(&self, bytes: &JsValue) -> Result<Form, Thrown> {
        let build = || -> Result<FormData, JsValue> {
            let form = FormData::new()?;
            form.append_with_str("fileId", self.file_id)?;
            form.append_with_str("chunkId", self.chunk_id)?;
            let bytes = Blob::new_with_blob_sequence(&Array::of1(bytes))?;
            form.append_with_blob_and_filename("file", &bytes, self.chunk_id)?;
            Ok(form)
        };
        Ok(Form { body: build()?.into(), content_type: None })
    }

    fn written(&self) -> Written {
        // No file can be made to contain it.
        let boundary = format!("xuchuan-{}", random());
        let part = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"");
        let id = |name: &str, id: &str| format!("{part}{name}\"\r\n\r\n{id}\r\n");
        let kind = "\"\r\nContent-Type: application/octet-stream\r\n\r\n";
        let ids = format!("{}{}", id("fileId", self.file_id), id("chunkId", self.chunk_id));
        Written {
            head: format!("{ids}{part}file\"; filename=\"{}{kind}", self.chunk_id),
            tail: format!("\r\n--{boundary}--\r\n"),
            content_type: format!("multipart/form-data; boundary={boundary}"),
        }
    }
}

/// What stands around the bytes.
struct Written {
    head: String,
    tail: String,
    content_type: String,
}
