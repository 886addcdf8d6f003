//! Reads the result lines of `cargo test` and of wasm-bindgen's test runner, which writes the same form.

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    pub passed: u64,
    pub failed: u64,
}

/// Adds up all `test result:` lines of an output.
pub fn count(output: &str) -> Count {
    output.lines().filter_map(result_line).fold(Count::default(), |sum, one| Count {
        passed: sum.passed + one.passed,
        failed: sum.failed + one.failed,
    })
}

/// The names of the tests that failed: `test name ... FAILED`, and `FAIL` from wasm-bindgen's runner.
pub fn failures(output: &str) -> Vec<String> {
    let failure = |line: &str| {
        let (name, verdict) = line.trim().strip_prefix("test ")?.split_once(" ... ")?;
        verdict.starts_with("FAIL").then(|| name.to_owned())
    };
    output.lines().filter_map(failure).collect()
}

/// `test result: FAILED. 5 passed; 1 failed; 0 ignored; …`
fn result_line(line: &str) -> Option<Count> {
    let (_, counts) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    let number = |what: &str| {
        counts.split(';').find_map(|part| part.trim().strip_suffix(what)?.trim().parse::<u64>().ok())
    };
    Some(Count { passed: number("passed")?, failed: number("failed")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adds_up_every_runner() {
        let output = "\
running 2 tests
test a ... ok
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s

    test result: FAILED. 4 passed; 2 failed; 0 ignored; 0 filtered out; finished in 3.25s
";
        assert_eq!(count(output), Count { passed: 16, failed: 2 });
    }

    #[test]
    fn names_what_failed() {
        let output = "\
test a ... ok
test b::c ... FAILED
    test d ... FAIL
test result: FAILED. 1 passed; 2 failed; 0 ignored
";
        assert_eq!(failures(output), ["b::c", "d"]);
    }

    #[test]
    fn other_lines_count_nothing() {
        for line in ["", "test result: ok", "test result: ok. x passed; 0 failed", "3 passed, 0 failed"] {
            assert_eq!(count(line), Count::default(), "{line}");
        }
    }
}
