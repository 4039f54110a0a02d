//! Agents with a folder of their own.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use fusion_core::Fusion;
use fusion_core::contract::{Agent, Desk};
use fusion_core::coordination::{
    AgentSpec, AgentState, Delegating, OwnWorkspace, TaskSpec, TaskState,
};
use fusion_core::error::Code;
use fusion_core::model::Failure;
use fusion_core::model::agent::{Ask, Reply};

/// Writes a file into the folder that it is given, and waits when it is told to.
#[derive(Debug)]
struct Writer;

#[async_trait]
impl Agent for Writer {
    fn name(&self) -> &'static str {
        "writer"
    }

    async fn work(&self, desk: &Desk, ask: Ask) -> Result<Reply, Failure> {
        let folder = PathBuf::from(&ask.workspace);
        std::fs::write(folder.join("made.txt"), &ask.prompt)
            .map_err(|error| Failure::error(error.to_string()))?;
        if ask.prompt == "wait" {
            desk.body().cancelled().await;
        }
        Ok(Reply { workspace: ask.workspace, ..Reply::default() })
    }
}

async fn open(folder: &Path) -> Fusion {
    let path = folder.join("fusion.db");
    let builder = Fusion::builder(path.to_str().unwrap()).workspaces(folder.join("workspaces"));
    let fusion = builder.open().await.unwrap();
    fusion.agent(Writer);
    fusion
}

fn lodger(keep: bool) -> AgentSpec {
    let own = OwnWorkspace { keep, files: Some(10), ..OwnWorkspace::default() };
    AgentSpec { workspace: Some(own), ..AgentSpec::new("writer") }
}

/// Waits until something is so.
async fn until(what: impl Fn() -> bool) {
    for _ in 0..400 {
        if what() {
            return;
        }
        crate::pause(25).await;
    }
    panic!("it did not come to pass");
}

#[tokio::test]
async fn a_folder_lives_as_long_as_its_agent() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let fusion = open(folder.path()).await;
    let home = folder.path().join("workspaces/agents/writer");
    fusion.agents().spawn(lodger(false)).await.unwrap();
    assert_eq!(home.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fusion.workspaces().unwrap().find("writer").unwrap().quota().files, 10);
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    let task = fusion.tasks().submit(TaskSpec::new("hello")).await.unwrap();
    let done = fusion.tasks().wait(&task.id).await.unwrap();
    assert_eq!(done.state, TaskState::Completed, "{:?}", done.failure);
    assert_eq!(std::fs::read_to_string(home.join("projects/made.txt")).unwrap(), "hello");
    // One that is at work is ended first, then its folder goes.
    fusion.tasks().submit(TaskSpec::new("wait")).await.unwrap();
    until(|| std::fs::read(home.join("projects/made.txt")).is_ok_and(|text| text == b"wait")).await;
    fusion.agents().terminate("writer", "me").await.unwrap();
    until(|| !home.exists()).await;
    // The next of its name begins with an empty one.
    fusion.agents().spawn(lodger(true)).await.unwrap();
    assert!(!home.join("projects/made.txt").exists());
    fusion.agents().terminate("writer", "me").await.unwrap();
    assert!(home.exists(), "it was to be kept");
    fusion.close().await.unwrap();
}

#[tokio::test]
async fn what_a_dead_process_left_is_swept() {
    let folder = tempfile::tempdir().unwrap();
    let fusion = open(folder.path()).await;
    fusion.agents().spawn(lodger(false)).await.unwrap();
    let home = folder.path().join("workspaces/agents/writer");
    // Another program, which has no folder for workspaces, ends the agent.
    let path = folder.path().join("fusion.db");
    let other = Fusion::open(path.to_str().unwrap()).await.unwrap();
    let ended = other.agents().terminate("writer", "somebody").await.unwrap();
    assert_eq!(ended.state, AgentState::Terminated);
    assert!(home.exists());
    let refused = other.agents().spawn(lodger(false)).await.unwrap_err();
    assert_eq!(refused.code(), Code::Workspace, "{refused}");
    other.close().await.unwrap();
    let part = fusion.delegate(Delegating::default()).await.unwrap();
    until(|| !home.exists()).await;
    // What somebody makes under its name afterwards is none of the engine's business.
    while fusion.agents().get("writer").await.unwrap().lodged {
        crate::pause(10).await;
    }
    fusion.workspaces().unwrap().create("writer").unwrap();
    drop(part);
    let _part = fusion.delegate(Delegating::default()).await.unwrap();
    crate::pause(7_000).await;
    assert!(home.exists());
    fusion.close().await.unwrap();
}

#[tokio::test]
async fn a_spawn_that_fails_leaves_nothing_half_made() {
    let folder = tempfile::tempdir().unwrap();
    let fusion = open(folder.path()).await;
    // The third of its folders cannot be made: something is in its way.
    let agents = folder.path().join("workspaces/agents");
    std::fs::create_dir_all(&agents).unwrap();
    std::fs::write(agents.join("writer-3"), "in the way").unwrap();
    let three = AgentSpec { instances: 3, ..lodger(false) };
    assert_eq!(fusion.agents().spawn(three).await.unwrap_err().code(), Code::Workspace);
    assert!(fusion.agents().list(None).await.unwrap().is_empty());
    assert!(!agents.join("writer-1").exists() && !agents.join("writer-2").exists());
    let colon = AgentSpec { name: "a:b".into(), ..lodger(false) };
    assert_eq!(fusion.agents().spawn(colon).await.unwrap_err().code(), Code::InvalidId);
    fusion.close().await.unwrap();
}
