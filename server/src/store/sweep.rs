//! Cleaning up: removes uploads that nobody finished.

use std::collections::HashSet;
use std::sync::Weak;
use std::time::{Duration, SystemTime};

use futures_util::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStoreExt};

use super::catalog::Catalog;
use super::entry::Entry;
use super::keys::{self, FILES, INCOMING, Part};
use crate::failure::Failure;

/// A chunk that arrived before its name and was left behind is removed at this age.
const STAGED_AGE: Duration = Duration::from_secs(24 * 3600);

/// Sweeps now and then for as long as somebody else holds the catalog.
pub async fn sweep_while_used(catalog: Weak<Catalog>, age: Duration) {
    let pause = (age / 24).clamp(Duration::from_secs(1), Duration::from_secs(3600));
    loop {
        tokio::time::sleep(pause).await;
        let Some(catalog) = catalog.upgrade() else { return };
        if let Err(failure) = sweep(&catalog).await {
            tracing::warn!(?failure, "sweep interrupted");
        }
    }
}

/// Removes what has expired, and counts sessions and bytes anew.
pub async fn sweep(catalog: &Catalog) -> Result<(), Failure> {
    let (mut sessions, mut bytes) = (0, 0);
    let files = catalog.objects.list_with_delimiter(Some(&Path::from(FILES))).await?.common_prefixes;
    for file_id in files.iter().filter_map(|path| path.filename()) {
        let Some(entry) = catalog.find(file_id).await? else { continue };
        let left = sweep_file(catalog, &entry).await?;
        sessions += left.plans;
        bytes += left.bytes;
        drop(entry);
        catalog.forget_idle(file_id);
    }
    catalog.in_memory().iter().for_each(|file_id| catalog.forget_idle(file_id));
    sweep_staged(catalog).await?;
    catalog.recount(sessions, bytes);
    Ok(())
}

async fn sweep_file(catalog: &Catalog, entry: &Entry) -> Result<Left, Failure> {
    let parts: Vec<ObjectMeta> = catalog.objects.list(Some(&keys::file(&entry.id))).try_collect().await?;
    let last = parts.iter().map(|meta| SystemTime::from(meta.last_modified)).max();
    let age = catalog.limits.session_age;
    let old = last.is_some_and(|last| is_older(last, age)) && entry.used_before(age);
    // Whoever uses the entry now keeps it for another round.
    let expired = if old { entry.sweep_lock.try_write().ok() } else { None };
    let manifest = catalog.manifest(&entry.id).await?;
    let kept: Option<HashSet<&str>> =
        manifest.as_ref().map(|manifest| manifest.chunks.iter().map(|(md5, _)| md5.as_str()).collect());
    let mut left = Left::default();
    // Plans go first: chunks without a plan are still recognized as left over, but a plan without chunks would be a
    // session.
    let (plans, others): (Vec<_>, Vec<_>) =
        parts.iter().partition(|meta| matches!(keys::read(&meta.location), Some(Part::Plan(_))));
    for meta in plans.into_iter().chain(others) {
        let part = keys::read(&meta.location);
        let is_kept = match &part {
            Some(Part::Chunk(md5)) => kept.as_ref().is_some_and(|kept| kept.contains(md5.as_str())),
            Some(Part::Manifest) | None => true,
            Some(Part::Plan(_)) => false,
        };
        if expired.is_none() || is_kept {
            left.bytes += meta.size;
            left.plans += usize::from(matches!(part, Some(Part::Plan(_))) && manifest.is_none());
            continue;
        }
        catalog.objects.delete(&meta.location).await?;
        match part {
            Some(Part::Plan(cut)) => drop(entry.forget_plan(&cut)),
            Some(Part::Chunk(md5)) => drop(entry.forget_chunk(&md5)),
            Some(Part::Manifest) | None => {}
        }
    }
    Ok(left)
}

async fn sweep_staged(catalog: &Catalog) -> Result<(), Failure> {
    let staged: Vec<ObjectMeta> = catalog.objects.list(Some(&Path::from(INCOMING))).try_collect().await?;
    for meta in staged {
        if is_older(meta.last_modified.into(), STAGED_AGE) {
            catalog.objects.delete(&meta.location).await?;
        }
    }
    Ok(())
}

/// What a sweep left of a file.
#[derive(Debug, Default)]
struct Left {
    plans: usize,
    bytes: u64,
}

fn is_older(time: SystemTime, age: Duration) -> bool {
    SystemTime::now().duration_since(time).is_ok_and(|passed| passed >= age)
}
