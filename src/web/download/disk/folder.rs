//! The folder in the site's private file system that downloads are kept in.

use wasm_bindgen::prelude::*;
use web_sys::File;

use crate::core::thrown::Thrown;
use crate::web::object::{call, get, get_string, object};
use crate::web::page;
use crate::web::task::ask_of;

const FOLDER: &str = "xuchuan downloads";

async fn folder(create: bool) -> Result<JsValue, Thrown> {
    let storage = page::navigator("storage").ok_or("this page has no storage")?;
    let root = ask_of(&storage, "getDirectory", &[]).await?;
    let options = object(&[("create", create.into())]);
    ask_of(&root, "getDirectoryHandle", &[FOLDER.into(), options]).await
}

/// Returns the handle of a file, which is made if it is missing.
pub async fn file(name: &str) -> Result<JsValue, Thrown> {
    let folder = folder(true).await?;
    ask_of(&folder, "getFileHandle", &[name.into(), object(&[("create", true.into())])]).await
}

/// Returns a file as it is now.
pub async fn contents(name: &str) -> Result<File, Thrown> {
    let file = ask_of(&file(name).await?, "getFile", &[]).await?;
    file.dyn_into().map_err(|_| "that is no file".into())
}

/// Removes a file. Fails while somebody writes it.
pub async fn remove(name: &str) -> Result<(), Thrown> {
    ask_of(&folder(false).await?, "removeEntry", &[name.into()]).await.map(drop)
}

/// Lists the files; none where there are no such files at all.
pub async fn names() -> Vec<String> {
    let mut names = Vec::new();
    let Ok(folder) = folder(false).await else { return names };
    let Ok(keys) = call(&folder, "keys", &[]) else { return names };
    while let Ok(next) = ask_of(&keys, "next", &[]).await {
        if get(&next, "done").is_some_and(|done| done.is_truthy()) {
            break;
        }
        let Some(name) = get_string(&next, "value") else { break };
        names.push(name);
    }
    names
}
