//! The server that stands in the guide, run as it stands.

use std::process::Command;

use conformance::running::Running;
use conformance::{left_out, program, report, workspace};
use guide::block::{Trial, all};

#[test]
fn the_guides_server_keeps_every_rule() {
    let Some(node) = program("node") else { return left_out("the guide's server", "Node is not installed") };
    let blocks = all(&workspace()).unwrap();
    let servers: Vec<_> = blocks.iter().filter(|block| block.trial == Trial::Server).collect();
    assert!(!servers.is_empty());
    for block in servers {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("server.mjs"), &block.code).unwrap();
        let mut command = Command::new(&node);
        command.arg("server.mjs").env("PORT", "0").current_dir(folder.path());
        let server = Running::start(command, &folder.path().join("log")).unwrap();
        let (report, ended_well) = report::report(&server.endpoint(), &[]).unwrap().unwrap();
        assert!(report.conforms && ended_well, "{}: {:?}", block.place, report.wrong(true));
        // What the text says of it.
        assert_eq!((report.may.parallel, report.may.repeats), (Some(true), Some(true)), "{}", block.place);
    }
}
