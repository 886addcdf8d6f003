//! Runs other programs: their output is shown as it comes and kept, and none runs for ever.

use std::io::{BufRead, BufReader, IsTerminal, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{Doing, Error, Result};

/// How long a program's children may hold its output open after it has ended.
const LINGER: Duration = Duration::from_secs(3);

/// How a program ended, and all it wrote.
#[derive(Debug)]
pub struct Outcome {
    pub output: String,
    /// Why it counts as failed, if it does.
    pub failure: Option<String>,
}

/// Runs a program to its end or its time limit.
pub fn run(command: &mut Command, limit: Duration) -> Result<Outcome> {
    let name = describe(command);
    println!("$ {name}");
    isolate(command);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .doing(|| format!("can't start `{name}`"))?;
    let (sender, lines) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        forward(stdout, sender.clone());
    }
    if let Some(stderr) = child.stderr.take() {
        forward(stderr, sender);
    }

    let started = Instant::now();
    let mut ended = None;
    let mut output = String::new();
    let mut timed_out = false;
    let mut silent = false;
    loop {
        match lines.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => {
                print!("{line}");
                output.push_str(&line);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                silent = true;
                thread::sleep(Duration::from_millis(10));
            }
        }
        if ended.is_none() {
            ended =
                child.try_wait().doing(|| format!("can't wait for `{name}`"))?.map(|s| (s, Instant::now()));
        }
        match &ended {
            Some((_, at)) if silent || at.elapsed() > LINGER => break,
            None if started.elapsed() > limit => {
                timed_out = true;
                break;
            }
            _ => {}
        }
    }
    kill(&mut child);
    let failure = if timed_out {
        Some(format!("`{name}` was still running after {} s", limit.as_secs()))
    } else {
        ended.filter(|(status, _)| !status.success()).map(|(status, _)| format!("`{name}` failed ({status})"))
    };
    Ok(Outcome { output, failure })
}

/// Runs a program that must succeed.
pub fn must(command: &mut Command, limit: Duration) -> Result<String> {
    let outcome = run(command, limit)?;
    match outcome.failure {
        Some(failure) => Err(Error::new(failure)),
        None => Ok(outcome.output),
    }
}

/// Runs a short program without showing what it writes; it must succeed.
pub fn quiet(command: &mut Command) -> Result<Output> {
    let output =
        command.stdin(Stdio::null()).output().doing(|| format!("can't start `{}`", describe(command)))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Error::new(format!("`{}` failed ({}): {said}", describe(command), output.status)))
}

/// Asks a program a short question: its output, or nothing if it can't answer.
pub fn ask(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Gives a program a process group of its own, so that what it starts can be ended with it. Not at a terminal, where
/// Ctrl-C must reach all of them.
fn isolate(command: &mut Command) {
    #[cfg(unix)]
    if !std::io::stdin().is_terminal() {
        std::os::unix::process::CommandExt::process_group(command, 0);
    }
    #[cfg(not(unix))]
    let _ = command;
}

/// Ends a program and, where it was isolated, what it started.
fn kill(child: &mut Child) {
    #[cfg(unix)]
    {
        // The group may be gone already, which is as good.
        let _ = Command::new("kill")
            .args(["-KILL", "--", &format!("-{}", child.id())])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn forward(pipe: impl Read + Send + 'static, sender: Sender<String>) {
    thread::spawn(move || {
        let mut reader = BufReader::new(pipe);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
}

fn describe(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let mut text = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
    for arg in command.get_args() {
        text.push(' ');
        text.push_str(&arg.to_string_lossy());
    }
    text
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn keeps_both_streams_and_the_failure() {
        let outcome = run(&mut sh("echo a; echo b >&2; printf c; exit 3"), Duration::from_secs(10)).unwrap();
        for part in ["a\n", "b\n", "c"] {
            assert!(outcome.output.contains(part), "{outcome:?}");
        }
        assert!(outcome.failure.unwrap().contains("exit status: 3"));
    }

    #[test]
    fn ends_what_takes_too_long_with_its_children() {
        let started = Instant::now();
        let outcome = run(&mut sh("sleep 60 & sleep 60"), Duration::from_millis(200)).unwrap();
        assert!(outcome.failure.unwrap().contains("still running"));
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn does_not_wait_for_a_child_left_behind() {
        let started = Instant::now();
        let outcome = run(&mut sh("sleep 60 & echo done"), Duration::from_secs(30)).unwrap();
        assert!(outcome.failure.is_none());
        assert!(started.elapsed() < Duration::from_secs(10));
    }
}
