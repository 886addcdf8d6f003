//! `wild --manner NAME --port N --dir DIR`: a server of the upload protocol as people write them.

fn main() -> std::process::ExitCode {
    wild::program::main()
}
