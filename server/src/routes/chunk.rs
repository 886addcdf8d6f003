//! `POST /api/upload`: one chunk.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use multer::{Constraints, Field, Multipart, SizeLimit};
use xuchuan::core::protocol::wire::{Answer, Envelope, msg};

use super::ids::{chunk_id, file_id};
use crate::body::ChunkBody;
use crate::failure::{Failure, envelope};
use crate::paced::Paced;
use crate::store::{Destination, Place, Store};

/// Bytes that the other fields and the form's own lines may have.
const FORM: u64 = 64 << 10;
/// Bytes of an id; none that is right comes near.
const ID: usize = 256;

/// Takes in a chunk.
pub async fn chunk(State(store): State<Arc<Store>>, request: Request) -> Result<Response, Failure> {
    let content_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let boundary = content_type.and_then(|value| multer::parse_boundary(value).ok()).ok_or_else(|| {
        Failure::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "send the chunk as multipart/form-data with the fields fileId, chunkId and file",
        )
    })?;
    // Twice the limit is read, to tell a client which sent too much what the limit is: most don't see an answer that
    // comes before they have sent everything.
    let most = store.limits().chunk_bytes.saturating_mul(2).saturating_add(FORM);
    let constraints = Constraints::new().size_limit(SizeLimit::new().whole_stream(most));
    let mut form = Multipart::with_constraints(Paced::new(request.into_body()), boundary, constraints);
    match receive(&store, &mut form).await {
        Ok(needed) => Ok(envelope(StatusCode::OK, &Envelope::success(Answer::Needed(needed)))),
        Err(failure) => {
            while let Ok(Some(mut field)) = form.next_field().await {
                while let Ok(Some(_)) = field.chunk().await {}
            }
            Err(failure)
        }
    }
}

/// What became of the `file` field.
enum Got {
    /// It was not needed; these chunks are.
    Skipped(Vec<String>),
    /// It was received into its place, not committed yet.
    Placed(ChunkBody, Place),
    /// It came before its ids, and was received elsewhere.
    Staged(ChunkBody),
}

async fn receive(store: &Arc<Store>, form: &mut Multipart<'_>) -> Result<Vec<String>, Failure> {
    let (mut file, mut chunk, mut got) = (None, None, None);
    while let Some(field) = form.next_field().await.map_err(malformed)? {
        match field.name() {
            Some("fileId") => file = Some(id(field).await?),
            Some("chunkId") => chunk = Some(id(field).await?),
            Some("file") if got.is_some() => {
                return Err(Failure::bad_request("send one chunk at a time: the form has two `file` fields"));
            }
            Some("file") => got = Some(take(store, field, file.as_deref(), chunk.as_deref()).await?),
            _ => {}
        }
    }
    let file = file.as_deref();
    let chunk = chunk.as_deref();
    match got {
        Some(Got::Skipped(needed)) => Ok(needed),
        Some(Got::Placed(body, place)) => commit(store, body, place).await,
        Some(Got::Staged(body)) => match destination(store, file, chunk).await {
            Ok(Destination::Open(place)) => commit(store, body, place).await,
            Ok(Destination::Held(needed)) => {
                body.abort().await;
                Ok(needed)
            }
            Err(failure) => {
                body.abort().await;
                Err(failure)
            }
        },
        None => {
            destination(store, file, chunk).await?;
            Err(Failure::bad_request("send the chunk's bytes in the field `file`"))
        }
    }
}

async fn take(
    store: &Arc<Store>,
    mut field: Field<'_>,
    file: Option<&str>,
    chunk: Option<&str>,
) -> Result<Got, Failure> {
    let place = match (file, chunk) {
        (Some(_), Some(_)) => match destination(store, file, chunk).await? {
            Destination::Open(place) => Some(place),
            Destination::Held(needed) => {
                while field.chunk().await.map_err(malformed)?.is_some() {}
                return Ok(Got::Skipped(needed));
            }
        },
        _ => None,
    };
    let limit = store.limits().chunk_bytes;
    let path = place.as_ref().map_or_else(|| store.staging(), Place::path);
    let sidecar = place.as_ref().map(|place| store.sidecar(place));
    let mut body = ChunkBody::new(store.objects().clone(), path, sidecar);
    let filled = async {
        while let Some(bytes) = field.chunk().await.map_err(malformed)? {
            if body.size() + bytes.len() as u64 > limit {
                return Err(Failure::too_large(format!(
                    "a chunk may have at most {limit} bytes; use smaller ones"
                )));
            }
            store.admit_bytes(body.size() + bytes.len() as u64)?;
            body.push(bytes).await?;
        }
        Ok(())
    };
    match filled.await {
        Ok(()) => Ok(match place {
            Some(place) => Got::Placed(body, place),
            None => Got::Staged(body),
        }),
        Err(failure) => {
            body.abort().await;
            Err(failure)
        }
    }
}

/// Commits in a task of its own: a client that goes away must not leave the store and the memory of it apart.
async fn commit(store: &Arc<Store>, mut body: ChunkBody, place: Place) -> Result<Vec<String>, Failure> {
    let size = body.size();
    let checked = match store.admit(&place, size) {
        Ok(()) => body.check(place.md5()).await,
        refused => refused,
    };
    if let Err(failure) = checked {
        body.abort().await;
        return Err(failure);
    }
    let store = store.clone();
    tokio::spawn(async move {
        let bytes = body.commit(&place.path()).await?;
        Ok(store.stored(place, size, bytes))
    })
    .await?
}

async fn destination(
    store: &Arc<Store>,
    file: Option<&str>,
    chunk: Option<&str>,
) -> Result<Destination, Failure> {
    let given = |id: Option<&str>| id.filter(|id| !id.is_empty()).map(str::to_owned);
    let file = given(file).ok_or_else(|| Failure::refused(msg::NO_FILE_ID))?;
    let chunk = given(chunk).ok_or_else(|| Failure::refused(msg::NO_CHUNK_ID))?;
    let file = file_id(&file)?;
    chunk_id(&chunk)?;
    store.destination(&file, &chunk).await
}

async fn id(mut field: Field<'_>) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    while let Some(next) = field.chunk().await.map_err(malformed)? {
        if bytes.len() + next.len() > ID {
            return Err(Failure::bad_request("fileId and chunkId have at most 43 characters"));
        }
        bytes.extend_from_slice(&next);
    }
    String::from_utf8(bytes).map_err(|_| Failure::bad_request("fileId and chunkId must be text"))
}

fn malformed(error: multer::Error) -> Failure {
    match error {
        multer::Error::StreamSizeExceeded { .. } => {
            Failure::too_large("the form is larger than a chunk may be; use smaller chunks")
        }
        error => {
            Failure::bad_request(format!("the form can't be read, or ended early: {error}. Send it again"))
        }
    }
}
