//! A server of the crate `wild`, for the tests to start.

fn main() -> std::process::ExitCode {
    wild::program::main()
}
