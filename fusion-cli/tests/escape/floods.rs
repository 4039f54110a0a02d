//! Using up what the host has: processes, memory, disk, time.

use fusion_core::workspace::{Bound, Ended, Output, Policy};

use crate::ground::{Ground, policy, sandbox};

/// Runs a flood; the host has to be whole afterwards, and nothing may go on.
async fn flood(program: &str, text: &str, policy: Policy) -> (Ground, Output) {
    let mut ground = Ground::new();
    let output = ground.run(&[program, "-c", text], policy).await;
    assert!(output.level.is_strict(), "{}", output.level);
    assert_eq!(ground.reached(&output), None, "{output:?}");
    let work = ground.path("work").display().to_string();
    let inside = |pid: &str| {
        std::fs::read_link(format!("/proc/{pid}/cwd"))
            .is_ok_and(|cwd| cwd.display().to_string() == work)
    };
    let left: Vec<String> = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.starts_with(|sign: char| sign.is_ascii_digit()) && inside(name))
        .collect();
    assert!(left.is_empty(), "these go on: {left:?}");
    (ground, output)
}

fn size_of(ground: &Ground) -> u64 {
    let entries = std::fs::read_dir(ground.path("work")).unwrap();
    entries.map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

fn short() -> Policy {
    Policy { time_ms: 3_000, ..policy() }
}

#[tokio::test]
async fn a_fork_bomb() {
    let (_ground, output) =
        flood("sh", "bomb() { bomb | bomb & }; bomb; sleep 1; echo over", short()).await;
    assert!(output.duration_ms < 10_000, "{output:?}");
    assert_eq!(output.level.processes, Bound::Together, "{}", output.level);
}

#[tokio::test]
async fn processes_are_counted() {
    let count = "
import os, time
born = 0
try:
    while born < 500:
        if os.fork() == 0: time.sleep(30); os._exit(0)
        born += 1
except OSError: pass
print(born)
os.kill(-1, 9)";
    let (_ground, output) = flood("python3", count, policy()).await;
    let born: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap_or(0);
    assert!((1..=64).contains(&born) || output.stdout.is_empty(), "{output:?}");
}

#[tokio::test]
async fn a_bomb_of_threads() {
    let bomb = "
import threading, time
born = 0
try:
    while born < 2000:
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start(); born += 1
except RuntimeError: pass
print(born, flush=True)
import os; os._exit(0)";
    let (_ground, output) = flood("python3", bomb, policy()).await;
    let born: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    assert!(born <= 64, "{born} threads");
}

#[tokio::test]
async fn memory_that_never_ends() {
    let bomb = "
held = []
try:
    while True: held.append(bytearray(8 << 20))
except MemoryError: print('refused')";
    let (_ground, output) = flood("python3", bomb, policy()).await;
    let refused = output.stdout.starts_with(b"refused");
    assert!(refused || output.code == Some(137), "{output:?}");
}

#[tokio::test]
async fn a_file_that_never_ends() {
    let (ground, output) = flood("sh", "cat /dev/zero > big; ls -l big", policy()).await;
    assert!(size_of(&ground) <= (8 << 20) + 4_096, "{output:?}");
}

#[tokio::test]
async fn many_files_that_never_end() {
    let fill = "i=0; while :; do head -c 1000000 /dev/zero > f$i; i=$((i+1)); done";
    let (ground, output) = flood("sh", fill, policy()).await;
    assert!(
        matches!(&output.ended, Some(Ended::Quota(why)) if why.contains("bytes")),
        "{output:?}"
    );
    // Between two looks more comes to be than may be: that is why the largest file has a hard limit.
    assert!(size_of(&ground) < 4 << 30, "{}", size_of(&ground));
}

#[tokio::test]
async fn a_sparse_file() {
    let (_ground, output) = flood("sh", "truncate -s 1T big && echo made", policy()).await;
    assert!(!output.stdout.starts_with(b"made"), "{output:?}");
}

#[tokio::test]
async fn sparse_files_count_whole() {
    let fill = "for i in 1 2 3; do truncate -s 7M f$i; done; sleep 10";
    let (_ground, output) = flood("sh", fill, policy()).await;
    assert!(matches!(&output.ended, Some(Ended::Quota(_))), "{output:?}");
    assert!(output.duration_ms < 5_000, "{output:?}");
}

#[tokio::test]
async fn more_names_than_may_be() {
    let fill = "i=0; while :; do : > n$i; i=$((i+1)); done";
    let (_ground, output) = flood("sh", fill, policy()).await;
    assert!(
        matches!(&output.ended, Some(Ended::Quota(why)) if why.contains("files")),
        "{output:?}"
    );
}

#[tokio::test]
async fn what_is_too_much_at_the_end_is_told() {
    let (_ground, output) =
        flood("sh", "i=0; while [ $i -lt 600 ]; do : > n$i; i=$((i+1)); done", policy()).await;
    assert!(matches!(&output.ended, Some(Ended::Quota(_))), "{output:?}");
}

#[tokio::test]
async fn folders_in_folders_without_end() {
    let dig = "import os\nfor _ in range(400): os.mkdir('d'); os.chdir('d')\nprint('dug')";
    let (_ground, output) = flood("python3", dig, policy()).await;
    assert!(matches!(&output.ended, Some(Ended::Quota(_))), "{output:?}");
}

#[tokio::test]
async fn room_that_is_reserved() {
    let (ground, _) = flood("sh", "fallocate -l 100G big; ls -l big", policy()).await;
    assert!(size_of(&ground) <= 8 << 20);
}

#[tokio::test]
async fn the_temporary_folder() {
    let fill = "i=0; while head -c 1000000 /dev/zero > /tmp/f$i; do i=$((i+1)); done; echo $i";
    let (_ground, output) = flood("sh", fill, policy()).await;
    let made: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    assert!(made <= 5, "{made} MB");
}

#[tokio::test]
async fn shared_memory() {
    let fill = "i=0; while head -c 1000000 /dev/zero > /dev/shm/f$i; do i=$((i+1)); done; echo $i";
    let (_ground, output) = flood("sh", fill, policy()).await;
    let made: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    assert!(made <= 5, "{made} MB");
}

#[tokio::test]
async fn output_that_never_ends() {
    let few = Policy { stdout_bytes: 1_000, stderr_bytes: 1_000, time_ms: 1_000, ..policy() };
    let (_ground, output) = flood("sh", "yes | tee /dev/stderr", few).await;
    assert_eq!((output.stdout.len(), output.stderr.len()), (1_000, 1_000));
    assert_eq!(output.ended, Some(Ended::Time));
}

#[tokio::test]
async fn a_command_that_never_ends() {
    let (_ground, output) = flood(
        "sh",
        "trap '' TERM INT HUP; while :; do sleep 1; done",
        Policy { time_ms: 500, ..policy() },
    )
    .await;
    assert_eq!(output.ended, Some(Ended::Time));
    assert!(output.duration_ms < 5_000, "{output:?}");
}

#[tokio::test]
async fn descriptors_that_never_end() {
    let open = "
held = []
try:
    while True: held.append(open('/dev/null'))
except OSError: print(len(held))";
    let (_ground, output) = flood("python3", open, Policy { open_files: 100, ..policy() }).await;
    let opened: u64 = String::from_utf8_lossy(&output.stdout).trim().parse().unwrap();
    assert!(opened < 100, "{opened}");
}

#[tokio::test]
async fn an_honest_command_gets_its_work_done() {
    let ground = Ground::new();
    let work = "echo 1 > a; mkdir -p b/c; cp a b/c/d; ln -s a e; cat e b/c/d; python3 -c 'print(6*7)'; echo $HOME; pwd; tmp=$(mktemp); echo t > $tmp; rm $tmp";
    let output = ground.run(&["sh", "-c", work], policy()).await;
    let here = ground.path("work").display().to_string();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(said, format!("1\n1\n42\n{here}\n{here}\n"), "{output:?}");
    assert_eq!((output.code, output.ended), (Some(0), None));
    assert!(sandbox().level().await.is_strict());
}
