//! What goes in and what comes out.

use std::sync::Mutex;

use bytes::Bytes;

use crate::contract::Heard;

use super::*;

#[tokio::test]
async fn output_code_and_time_are_told() {
    let exit = run(shell("printf out; printf err >&2; sleep 0.05; exit 7")).await.unwrap();
    assert_eq!((exit.code, exit.signal), (Some(7), None));
    assert_eq!((&exit.stdout[..], exit.stdout_bytes), (&b"out"[..], 3));
    assert_eq!((&exit.stderr[..], exit.stderr_bytes), (&b"err"[..], 3));
    assert!((50..5_000).contains(&exit.duration_ms), "{}", exit.duration_ms);
}

#[tokio::test]
async fn a_signal_is_not_a_code() {
    let exit = run(shell("kill -9 $$")).await.unwrap();
    assert_eq!((exit.code, exit.signal), (None, Some(9)));
}

#[tokio::test]
async fn nothing_but_the_given_environment_is_there() {
    let mut exec = command(&["env"]);
    exec.env.insert("GREETING".to_owned(), "hällo".to_owned());
    let exit = run(exec).await.unwrap();
    let text = String::from_utf8(exit.stdout.to_vec()).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["GREETING=hällo", "PATH=/usr/local/bin:/usr/bin:/bin"]);
}

#[tokio::test]
async fn bytes_that_are_no_text_pass_unchanged() {
    let exit = run(shell(r"printf '\377\000\376x'; printf '\300\200' >&2")).await.unwrap();
    assert_eq!(&exit.stdout[..], b"\xff\0\xfex");
    assert_eq!(&exit.stderr[..], b"\xc0\x80");
}

#[tokio::test]
async fn huge_output_is_counted_and_its_ends_kept() {
    let mut exec = shell("yes 0123456789 | head -c 100000000; yes abc | head -c 3000001 >&2");
    (exec.stdout_limit, exec.stderr_limit) = (25, 6);
    let exit = run(exec).await.unwrap();
    assert_eq!((exit.stdout_bytes, exit.stderr_bytes), (100_000_000, 3_000_001));
    assert_eq!(&exit.stdout[..], b"0123456789\n0123456789\n012");
    assert_eq!(&exit.stderr[..], b"c\nabc\na".get(1..).unwrap());
}

#[tokio::test]
async fn huge_input_comes_back_whole() {
    let pattern: Vec<u8> = (0..50_000_000_u32).map(|i| (i % 251) as u8).collect();
    let mut exec = command(&["cat"]);
    exec.stdin = Bytes::from(pattern);
    exec.stdout_limit = usize::MAX;
    let expected = exec.stdin.clone();
    let exit = run(exec).await.unwrap();
    assert!(exit.stdout == expected, "{} of {} bytes", exit.stdout.len(), expected.len());
}

#[tokio::test]
async fn a_program_may_leave_its_input_unread() {
    let mut exec = shell("exec 0<&-; sleep 0.1; echo done");
    exec.stdin = Bytes::from(vec![b'x'; 10_000_000]);
    let exit = run(exec.clone()).await.unwrap();
    assert_eq!((exit.code, &exit.stdout[..]), (Some(0), &b"done\n"[..]));
    exec.argv = command(&["true"]).argv;
    assert_eq!(run(exec).await.unwrap().code, Some(0));
}

#[tokio::test]
async fn empty_input_is_an_end_at_once() {
    assert_eq!(run(command(&["cat"])).await.unwrap().stdout_bytes, 0);
}

#[tokio::test]
async fn a_child_that_keeps_the_pipe_delays_the_end_but_a_moment() {
    let seconds = unique_seconds();
    let exit = run(shell(&format!("echo early; sleep {seconds} &"))).await.unwrap();
    assert_eq!(&exit.stdout[..], b"early\n");
    assert!((900..5_000).contains(&exit.duration_ms), "{}", exit.duration_ms);
    let left = holders(&seconds);
    assert_eq!(left.len(), 1, "what ended well may leave something running");
    let pid = rustix::process::Pid::from_raw(left[0]).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn the_working_directory_is_the_given_one() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let mut exec = command(&["pwd"]);
    exec.cwd = Some(folder.clone());
    let exit = run(exec).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&exit.stdout).trim(), folder.to_str().unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_short_commands_run_at_once() {
    let os = Os::current().unwrap();
    let all = (0..200).map(|i| os.exec(shell(&format!("echo {i}")), never()));
    for (i, exit) in futures_util::future::join_all(all).await.into_iter().enumerate() {
        assert_eq!(exit.unwrap().stdout, format!("{i}\n"));
    }
}

#[test]
fn a_future_may_be_awaited_outside_of_the_runtime() {
    let os = Os::new().unwrap();
    let mut exec = command(&["cat"]);
    exec.stdin = Bytes::from_static(b"hello");
    let exit = futures_util::future::FutureExt::now_or_never(os.exec(exec.clone(), never()));
    assert!(exit.is_none(), "a program cannot have ended at once");
    let exit = crate::run::os::tests::block_on(os.exec(exec, never())).unwrap();
    assert_eq!(exit.stdout, "hello");
}

#[tokio::test]
async fn what_is_heard_is_whole_whatever_is_kept() {
    let heard: Arc<Mutex<Vec<u8>>> = Arc::default();
    let into = heard.clone();
    let mut exec = shell("printf one; sleep 0.05; printf two; printf not >&2");
    exec.stdout_limit = 0;
    exec.heard = Some(Heard::new(move |piece| into.lock().unwrap().extend_from_slice(piece)));
    let exit = run(exec).await.unwrap();
    assert_eq!((&exit.stdout[..], exit.stdout_bytes), (&b""[..], 6));
    assert_eq!(&*heard.lock().unwrap(), b"onetwo");
}
