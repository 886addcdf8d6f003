//! What a request is for, read from its method and path.

use crate::scenario::On;

/// A path of the form `/s/<run>/<faults>/<rest>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub run: String,
    pub faults: String,
    /// With its leading slash and without the query.
    pub rest: String,
}

impl Target {
    pub fn read(path: &str) -> Option<Target> {
        let mut parts = path.strip_prefix("/s/")?.splitn(3, '/');
        let (run, faults, rest) = (parts.next()?, parts.next()?, parts.next()?);
        if run.is_empty() {
            return None;
        }
        Some(Target { run: run.to_owned(), faults: faults.to_owned(), rest: format!("/{rest}") })
    }

    /// Says which of the faults' aims a request of `method` to here is.
    pub fn aim(&self, method: &str) -> On {
        match (method, self.unmoved()) {
            ("OPTIONS", _) => On::Options,
            ("POST", "/api/upload/handshake") => On::Handshake,
            ("POST", "/api/upload") => On::Chunk,
            _ if self.unmoved().starts_with("/bytes/") => On::Download,
            _ => On::Other,
        }
    }

    /// Returns where a redirect leads: the same thing at another URL.
    pub fn moved(&self) -> String {
        format!("/s/{}/{}/moved{}", self.run, self.faults, self.rest)
    }

    /// Tells whether it is such another URL.
    pub fn is_moved(&self) -> bool {
        self.rest.starts_with("/moved/")
    }

    /// Returns the rest as if it had not moved.
    pub fn unmoved(&self) -> &str {
        self.rest.strip_prefix("/moved").filter(|rest| rest.starts_with('/')).unwrap_or(&self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_run_faults_and_rest() {
        let target = Target::read("/s/a/mute,nth=2/api/upload").unwrap();
        assert_eq!(
            (target.run.as_str(), target.faults.as_str(), target.rest.as_str()),
            ("a", "mute,nth=2", "/api/upload")
        );
        assert_eq!((target.aim("POST"), target.aim("OPTIONS")), (On::Chunk, On::Options));
        let moved = Target::read(&target.moved()).unwrap();
        assert!(moved.is_moved());
        assert_eq!((moved.unmoved(), moved.aim("POST")), ("/api/upload", On::Chunk));
        for bad in ["/", "/s/", "/s/a", "/s/a/b", "/s//b/c", "/x/a/b/c"] {
            assert_eq!(Target::read(bad), None, "{bad}");
        }
    }
}
