//! What is saved of a download for a later visit, and when.

use super::config::Config;
use super::record::{Record, VERSION};
use super::server::Server;
use super::stored::Stored;

/// Whether a download is remembered, and whether anything is saved of it.
#[derive(Debug)]
pub struct Checkpoint {
    /// It is to be remembered.
    enabled: bool,
    url: String,
    name: String,
    /// A record of it may exist.
    saved: bool,
}

impl Checkpoint {
    /// Starts with nothing saved.
    pub fn new(config: &Config) -> Checkpoint {
        let Config { remember: enabled, url, name, .. } = config;
        Checkpoint { enabled: *enabled, url: url.clone(), name: name.clone(), saved: false }
    }

    /// Notes that an earlier visit left a record.
    pub fn found(&mut self) {
        self.saved = true;
    }

    /// Returns what is to be saved, if anything became known that the saved record does not have.
    pub fn changes(&mut self, server: &mut Server, stored: &mut Stored) -> Option<Record> {
        let changed = server.take_changed() | stored.take_changed();
        if !changed || !self.enabled {
            return None;
        }
        // A stream cannot be resumed; but what was saved before must keep up with what is stored.
        let resource = server.resource().filter(|_| self.saved || server.is_resumable())?;
        self.saved = true;
        Some(Record {
            version: VERSION,
            url: self.url.clone(),
            name: self.name.clone(),
            piece: stored.piece(),
            total: resource.size(),
            end_proven: resource.end_proven,
            validators: resource.validators.clone(),
            content_type: resource.content_type.clone(),
            seams: stored.seams().to_vec(),
        })
    }

    /// Notes that the record is forgotten; tells whether there may be one.
    pub fn forget(&mut self) -> bool {
        std::mem::take(&mut self.saved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::download::resource::Resource;

    #[test]
    fn what_is_known_is_saved_once_and_kept_up() {
        let config = Config { remember: true, piece: 10, name: "n".into(), ..Config::new("/u") };
        let mut checkpoint = Checkpoint::new(&config);
        let (mut server, mut stored) = (Server::new(&config), Stored::new(config.piece));
        assert_eq!(checkpoint.changes(&mut server, &mut stored), None);
        server.restore(Resource::sized(25));
        stored.add_seam(7);
        let record = checkpoint.changes(&mut server, &mut stored).expect("there is a seam");
        assert_eq!((record.url.as_str(), record.name.as_str()), ("/u", "n"));
        assert_eq!((record.piece, record.total, record.seams), (10, Some(25), vec![7]));
        assert_eq!(checkpoint.changes(&mut server, &mut stored), None);
        // A stream is not worth a record, but one that exists must not lack a seam.
        server.becomes_whole("it is a test");
        stored.add_seam(9);
        assert!(checkpoint.changes(&mut server, &mut stored).is_some());
        assert!(checkpoint.forget() && !checkpoint.forget());
        stored.add_seam(11);
        assert_eq!(checkpoint.changes(&mut server, &mut stored), None);
        checkpoint.found();
        stored.add_seam(12);
        assert!(checkpoint.changes(&mut server, &mut stored).is_some());
        // Nobody wants it to be remembered.
        let mut checkpoint = Checkpoint::new(&Config { remember: false, ..config });
        stored.add_seam(13);
        assert_eq!(checkpoint.changes(&mut server, &mut stored), None);
    }
}
