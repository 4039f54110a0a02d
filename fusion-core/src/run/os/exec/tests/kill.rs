//! The end of a program is the end of all that it started.

use super::*;

/// Runs a line that starts `count` sleepers, ends it by `stop`, and tells how it ended.
async fn stopped(exec: Exec, seconds: &str, count: usize) -> Exit {
    let (os, stop) = (Os::current().unwrap(), Wish::default());
    let exit = os.exec(exec, Arc::new(stop.clone()));
    let giver = async {
        await_holders(seconds, count).await;
        stop.give();
    };
    let (exit, ()) = tokio::join!(exit, giver);
    assert_eq!(holders(seconds), Vec::<i32>::new());
    exit.unwrap()
}

#[tokio::test]
async fn a_stopped_program_ends_by_the_polite_signal() {
    let seconds = unique_seconds();
    let mut exec = command(&["sleep", &seconds]);
    exec.grace_ms = 60_000;
    let exit = stopped(exec, &seconds, 1).await;
    assert_eq!((exit.code, exit.signal), (None, Some(15)));
    assert!(exit.duration_ms < 10_000, "{}", exit.duration_ms);
}

#[tokio::test]
async fn a_program_may_tidy_up_when_stopped() {
    let seconds = unique_seconds();
    let line = format!("trap 'echo bye; exit 3' TERM; sleep {seconds} & wait");
    let exit = stopped(shell(&line), &seconds, 1).await;
    assert_eq!((exit.code, &exit.stdout[..]), (Some(3), &b"bye\n"[..]));
}

#[tokio::test]
async fn what_ignores_the_signal_is_killed_after_the_grace() {
    let seconds = unique_seconds();
    let line = format!("trap '' TERM HUP INT; sleep {seconds} & sleep {seconds}; true");
    let exit = stopped(shell(&line), &seconds, 2).await;
    assert_eq!((exit.code, exit.signal), (None, Some(9)));
    assert!((500..10_000).contains(&exit.duration_ms), "{}", exit.duration_ms);
}

#[tokio::test]
async fn children_in_sessions_of_their_own_die_too() {
    let seconds = unique_seconds();
    let line = format!(
        "setsid sleep {seconds} & nohup sleep {seconds} >/dev/null 2>&1 & \
         setsid sh -c 'setsid sleep {seconds} & sleep {seconds}; true' & sleep {seconds}; true"
    );
    // The inner shell holds the number inside of its line, not as a word.
    stopped(shell(&line), &seconds, 5).await;
}

#[tokio::test]
async fn a_daemon_that_cut_all_ties_is_known_by_its_variables() {
    let seconds = unique_seconds();
    let inner = format!("setsid sleep {seconds} & exit 0");
    let mut exec = shell(&format!("setsid sh -c '{inner}'; sleep {seconds}; true"));
    exec.env.insert("FUSION_RUN_ID".to_owned(), seconds.clone());
    exec.env.insert("FUSION_ATTEMPT".to_owned(), "1".to_owned());
    stopped(exec, &seconds, 2).await;
}

#[tokio::test]
async fn another_commands_daemon_is_spared() {
    let seconds = unique_seconds();
    let mut exec = shell(&format!("setsid sleep {seconds} >/dev/null 2>&1 & exit 0"));
    exec.env.insert("FUSION_RUN_ID".to_owned(), "one".to_owned());
    run(exec).await.unwrap();
    await_holders(&seconds, 1).await;
    let other = unique_seconds();
    let mut exec = command(&["sleep", &other]);
    exec.env.insert("FUSION_RUN_ID".to_owned(), "other".to_owned());
    stopped(exec, &other, 1).await;
    let left = holders(&seconds);
    assert_eq!(left.len(), 1);
    let pid = rustix::process::Pid::from_raw(left[0]).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn what_is_left_behind_is_ended_where_nothing_is_to_be_left() {
    let seconds = unique_seconds();
    let line = format!("trap '' TERM; sleep {seconds} & setsid sleep {seconds} & exit 4");
    let mut exec = shell(&line);
    exec.env.insert("FUSION_RUN_ID".to_owned(), format!("r-{seconds}"));
    let left = run(exec.clone()).await.unwrap();
    await_holders(&seconds, 2).await;
    exec.leaves_nothing = true;
    let exit = run(exec).await.unwrap();
    assert_eq!((left.code, exit.code), (Some(4), Some(4)));
    // Those of before have the same variables: they are of the same attempt.
    await_holders(&seconds, 0).await;
}

#[tokio::test]
async fn a_dropped_future_kills_at_once() {
    let seconds = unique_seconds();
    let line = format!("trap '' TERM; setsid sleep {seconds} & sleep {seconds}; true");
    let exit = Os::current().unwrap().exec(shell(&line), never());
    tokio::select! {
        exit = exit => panic!("ended by itself: {exit:?}"),
        () = await_holders(&seconds, 2) => {}
    }
    await_holders(&seconds, 0).await;
}

#[tokio::test]
async fn output_flows_while_a_program_is_being_stopped() {
    let seconds = unique_seconds();
    let line = format!("trap 'head -c 1000000 /dev/zero; exit 0' TERM; sleep {seconds} & wait");
    let mut exec = shell(&line);
    exec.grace_ms = 10_000;
    let exit = stopped(exec, &seconds, 1).await;
    assert_eq!((exit.code, exit.stdout_bytes), (Some(0), 1_000_000));
}

#[tokio::test]
async fn a_stop_that_was_given_before_starts_nothing() {
    let stop = Wish::default();
    stop.give();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("made");
    let exec = command(&["touch", file.to_str().unwrap()]);
    let failure = Os::current().unwrap().exec(exec, Arc::new(stop)).await.unwrap_err();
    assert_eq!(failure.to_string(), "cancelled: stopped before `touch` was started");
    assert!(!file.exists());
}

#[tokio::test]
async fn no_more_run_at_once_than_there_are_places() {
    let os = Os::current().unwrap();
    let cpus = std::thread::available_parallelism().unwrap().get();
    let places = cpus * crate::model::limits::COMMANDS_PER_CPU;
    let seconds = unique_seconds();
    let sleepers = (0..places + 3).map(|_| os.exec(command(&["sleep", &seconds]), never()));
    let all = futures_util::future::join_all(sleepers);
    let watch = async {
        await_holders(&seconds, places).await;
        pause(100).await;
        assert_eq!(holders(&seconds).len(), places);
    };
    tokio::select! { _ = all => panic!("ended by themselves"), () = watch => {} }
    await_holders(&seconds, 0).await;
}

#[tokio::test]
async fn a_later_attempt_kills_what_an_earlier_one_left() {
    let seconds = unique_seconds();
    let mut exec = shell(&format!("setsid sleep {seconds} >/dev/null 2>&1 & exit 1"));
    for (name, value) in [("FUSION_RUN_ID", &*seconds), ("FUSION_ATTEMPT", "1")] {
        exec.env.insert(name.to_owned(), value.to_owned());
    }
    run(exec.clone()).await.unwrap();
    await_holders(&seconds, 1).await;
    exec.argv = command(&["true"]).argv;
    run(exec.clone()).await.unwrap();
    assert_eq!(holders(&seconds).len(), 1, "the same attempt is not an earlier one");
    exec.env.insert("FUSION_ATTEMPT".to_owned(), "2".to_owned());
    run(exec).await.unwrap();
    await_holders(&seconds, 0).await;
}

#[tokio::test]
async fn a_halted_program_may_tidy_up_too() {
    let seconds = unique_seconds();
    let line = format!("trap 'echo bye; exit 3' TERM; sleep {seconds} & kill -STOP $$; wait");
    let mut exec = shell(&line);
    exec.grace_ms = 10_000;
    let exit = stopped(exec, &seconds, 1).await;
    assert_eq!((exit.code, &exit.stdout[..]), (Some(3), &b"bye\n"[..]));
}
