//! Plugins in a process of their own: what would take the program along ends that process, and the next call has another one.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use fusion_core::contract::Provider;
use fusion_core::model::chat::{Fault, FaultKind, Request};
use fusion_providers::{Keys, PluginProcess};
use futures_util::StreamExt;
use serde_json::json;

use super::bed::{Way, apart, ask, build, call, example, naughty, naughty_and_quick, open_as};

const NO_KEYS: fn(&str) -> Option<String> = |_| None;

/// Gives the process id of the plugin, its folder, how many variables it has, a secret of ours, and what it could read.
async fn whereabouts(provider: &dyn Provider) -> Vec<String> {
    let said = ask(provider, "where").await.unwrap().text();
    said.split(' ').map(str::to_owned).collect()
}

fn lives(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    state.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

#[expect(clippy::disallowed_methods, reason = "another process is waited for")]
async fn pause(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

async fn gone(pid: &str) -> bool {
    for _ in 0..500 {
        if !lives(pid) {
            return true;
        }
        pause(10).await;
    }
    false
}

#[expect(clippy::disallowed_methods, reason = "a program is run, without an engine")]
fn run(program: &str, arguments: &[&str]) {
    assert!(Command::new(program).args(arguments).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_is_a_fault_of_the_call_and_the_next_one_works() {
    let built = naughty_and_quick();
    for (text, how) in [
        ("segfault", "was killed by signal 11 (SIGSEGV"),
        ("abort", "was killed by signal 6 (SIGABRT"),
        ("exit", "ended by itself with the exit code 3"),
        ("exit well", "ended by itself with the exit code 0"),
        ("garbage frames", "said what is no frame, and was killed"),
    ] {
        let provider = open_as(Way::Apart, &built.path(), &json!({})).unwrap();
        assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello");
        let fault = ask(&*provider, text).await.unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Transport, "{text}: {fault}");
        assert!(fault.message().contains(how), "{text}: {fault}");
        assert_eq!(fault.provider_name(), Some("naughty"), "{text}");
        if text == "abort" {
            assert_eq!(fault.detail_text(), Some("it is all over"));
        }
        assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello", "after {text}");
    }
}

/// macOS accepts the limit and does not keep it.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_wants_all_memory_gets_what_it_may_have() {
    let built = naughty_and_quick();
    let limited = apart(&built.path()).memory(Some(256 << 20));
    let provider = limited.open(&json!({}), &Keys::new(NO_KEYS)).unwrap();
    let fault = ask(&*provider, "hog").await.unwrap_err();
    assert!(fault.message().contains("was killed by signal 6 (SIGABRT"), "{fault}");
    assert_eq!(fault.detail_text(), Some("no memory is left"));
    assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_exception_that_leaves_a_plugin_ends_its_process() {
    let folder = tempfile::tempdir().unwrap();
    let library = folder.path().join("libthrows.so");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (header, source) =
        (root.join("../fusion-plugin/include"), root.join("tests/plugin/c/throws.cpp"));
    let [header, source, library_text] =
        [&header, &source, &library].map(|path| path.to_str().unwrap());
    run("c++", &["-std=c++17", "-shared", "-fPIC", "-I", header, "-o", library_text, source]);
    let provider = apart(&library).open(&json!({}), &Keys::new(NO_KEYS)).unwrap();
    let fault = ask(&*provider, "x").await.unwrap_err();
    assert!(fault.message().contains("was killed by signal 6 (SIGABRT"), "{fault}");
    assert!(fault.detail_text().unwrap_or_default().contains("foreign exception"), "{fault:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_fails_its_calls_in_the_middle_of_a_stream() {
    let built = naughty();
    let provider = open_as(Way::Apart, &built.path(), &json!({})).unwrap();
    let pid = whereabouts(&*provider).await.remove(0);
    let request = Request::new("").user("endless");
    let mut chunks = provider.stream(&call(), &request).await.unwrap();
    assert!(chunks.next().await.unwrap().is_ok());
    run("kill", &["-KILL", &pid]);
    let fault = loop {
        match chunks.next().await {
            Some(Ok(_)) => {}
            Some(Err(fault)) => break fault,
            None => panic!("it ended well"),
        }
    };
    assert_eq!(fault.kind(), FaultKind::Transport, "{fault}");
    assert!(fault.message().ends_with("was killed by signal 9 (SIGKILL)"), "{fault}");
    assert_ne!(whereabouts(&*provider).await.remove(0), pid);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_dies_again_and_again_is_started_more_and_more_slowly() {
    let built = naughty();
    let provider = open_as(Way::Apart, &built.path(), &json!({})).unwrap();
    let mut refused = Vec::<Fault>::new();
    let mut died = 0;
    while died < 4 {
        let fault = ask(&*provider, "exit").await.unwrap_err();
        match fault.kind() {
            FaultKind::Transport => died += 1,
            FaultKind::Overloaded => {
                pause(fault.pause_ms().unwrap()).await;
                refused.push(fault);
            }
            _ => panic!("{fault}"),
        }
    }
    assert!(!refused.is_empty(), "there was no pause");
    let said = refused[0].message();
    assert!(said.starts_with("2 processes of the plugin died one after the other"), "{said}");
    assert!(said.ends_with("ended by itself with the exit code 3"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_stops_for_ever_is_killed_after_the_grace_and_followed_by_another() {
    let built = naughty_and_quick();
    let provider = open_as(Way::Apart, &built.path(), &json!({})).unwrap();
    let pid = whereabouts(&*provider).await.remove(0);
    let request = Request::new("").user("stop");
    let fault = provider.complete(&call().within_ms(100), &request).await.unwrap_err();
    assert_eq!(fault.kind(), FaultKind::Timeout, "{fault}");
    assert!(lives(&pid), "it was killed at once");
    for _ in 0..80 {
        pause(100).await;
        if !lives(&pid) {
            break;
        }
    }
    assert!(!lives(&pid), "it still lives");
    assert_eq!(ask(&*provider, "hello").await.unwrap().text(), "hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_ends_when_nobody_has_its_provider() {
    let built = naughty();
    let provider = open_as(Way::Apart, &built.path(), &json!({})).unwrap();
    let pid = whereabouts(&*provider).await.remove(0);
    drop(provider);
    assert!(gone(&pid).await);
    // Also when the plugin has a call that it never ends.
    let provider = open_as(Way::Apart, &built.path(), &json!({})).unwrap();
    let pid = whereabouts(&*provider).await.remove(0);
    let request = Request::new("").user("block");
    provider.complete(&call().within_ms(50), &request).await.unwrap_err();
    drop(provider);
    assert!(gone(&pid).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_has_little_of_ours() {
    let built = naughty();
    let provider = open_as(Way::Apart, &built.path(), &json!({})).unwrap();
    let [pid, folder, variables, secret, read] =
        <[String; 5]>::try_from(whereabouts(&*provider).await).unwrap();
    assert_ne!(pid, std::process::id().to_string());
    assert_eq!((folder.as_str(), secret.as_str(), read.as_str()), ("/", "-", "0"));
    assert!(variables.parse::<u32>().unwrap() <= 4, "{variables}");
    // Nobody named a secret, so there is none.
    let keys = Keys::new(|_| Some("sesame".to_owned()));
    let provider = apart(&built.path()).open(&json!({}), &keys).unwrap();
    assert_eq!(ask(&*provider, "secrets").await.unwrap().text(), " 0 0 0");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_is_slow_holds_a_stream_up_and_no_other_call() {
    let built = build("examples/plugin-c/words.c", &[]);
    let provider = open_as(Way::Apart, &built.path(), &json!({})).unwrap();
    let text = "word ".repeat(200_000);
    let request = Request::new("").user(&*text);
    let mut slow = provider.stream(&call(), &request).await.unwrap();
    let first = slow.next().await.unwrap().unwrap();
    // It has far more to say than may be on its way unread.
    pause(100).await;
    assert_eq!(ask(&*provider, "Another one.").await.unwrap().text(), "Another one.");
    let mut said = String::new();
    let mut next = Some(first);
    while let Some(chunk) = next {
        if let fusion_core::model::chat::Chunk::Text { text } = &chunk {
            said.push_str(text);
        }
        next = slow.next().await.map(Result::unwrap);
    }
    assert_eq!(said, text);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_program_for_it_is_said() {
    let built = naughty();
    for (argv, said) in [
        (vec!["/none/fusion"], "cannot be started: `/none/fusion`: No such file"),
        (vec!["/bin/false"], "ended by itself with the exit code 1"),
        (vec!["/bin/sh", "-c", "echo garbage >&0; sleep 9"], "said what is no frame"),
        (vec![], "it names no program"),
    ] {
        let plugin = PluginProcess::new(built.path()).program(argv);
        let fault = plugin.open(&json!({}), &Keys::new(NO_KEYS)).unwrap_err();
        assert_eq!(fault.kind(), FaultKind::Transport, "{fault}");
        assert!(fault.message().contains(said), "{fault}");
    }
}

#[expect(clippy::disallowed_methods, reason = "a program is run, and killed")]
#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_leaves_no_process_behind() {
    use std::io::BufRead as _;
    let built = naughty();
    let mut program = Command::new(example("plugin-host"));
    let mut program = program.arg(built.path()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufReader::new(program.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "naughty is open\n");
    let own = format!("/proc/{0}/task/{0}/children", program.id());
    let pid = std::fs::read_to_string(own).unwrap().trim().to_owned();
    assert!(lives(&pid), "{pid:?}");
    program.kill().unwrap();
    program.wait().unwrap();
    assert!(gone(&pid).await);
}
