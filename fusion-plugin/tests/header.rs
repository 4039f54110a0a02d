//! The header: it compiles with all warnings, in C and in C++, and says what the Rust side says.
#![cfg(test)]

use std::fmt::Write as _;
use std::mem::offset_of;
use std::path::{Path, PathBuf};
use std::process::Command;

use fusion_plugin::abi::{self, Bytes, Host, Kind, Op, Request, Status, Table};

fn include() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("include")
}

#[expect(clippy::disallowed_methods, reason = "a compiler is run, without an engine")]
fn compile(compiler: &str, language: [&str; 3], text: &str) {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("source");
    std::fs::write(&source, text).unwrap();
    let mut command = Command::new(compiler);
    command.args(["-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]).args(language);
    let output = command.arg("-I").arg(include()).arg(&source).output();
    let output = output.unwrap_or_else(|error| panic!("`{compiler}` cannot be run: {error}"));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// What must be equal, as one assertion for the compiler each.
fn assertions(assert: &str) -> String {
    let mut out = "#include \"fusion_plugin.h\"\n".to_owned();
    let mut same = |c: &str, rust: u64| {
        writeln!(out, "{assert}((unsigned long long)({c}) == {rust}ull, \"{c}\");").unwrap();
    };
    same("FUSION_ABI", abi::ABI.into());
    same("FUSION_MESSAGE_LEN", abi::MESSAGE_LEN as u64);
    same("FUSION_QUICK", abi::QUICK.into());
    for (c, op) in [
        ("FUSION_OP_COMPLETE", Op::COMPLETE),
        ("FUSION_OP_STREAM", Op::STREAM),
        ("FUSION_OP_EMBED", Op::EMBED),
        ("FUSION_OP_MODELS", Op::MODELS),
        ("FUSION_OP_QUOTA", Op::QUOTA),
    ] {
        same(c, op.0.into());
    }
    let kinds = [Kind::TEXT, Kind::REASONING, Kind::CHUNK];
    for (c, kind) in ["FUSION_TEXT", "FUSION_REASONING", "FUSION_CHUNK"].iter().zip(kinds) {
        same(c, kind.0.into());
    }
    same("FUSION_OK", 0);
    same("FUSION_STALE", 1);
    same("-FUSION_E_FAULT", u64::from(Status::FAULT.0.unsigned_abs()));
    for kind in fusion_core::model::chat::FaultKind::ALL {
        let status = Status::of(kind);
        assert_eq!(status.kind(), Some(kind));
        let name = format!("-FUSION_E_{}", kind.as_str().to_uppercase());
        same(&name, u64::from(status.0.unsigned_abs()));
    }
    macro_rules! layout {
        ($c:literal, $rust:ty: $($field:ident)*) => {
            same(concat!("sizeof(", $c, ")"), size_of::<$rust>() as u64);
            $(same(
                concat!("offsetof(", $c, ", ", stringify!($field), ")"),
                offset_of!($rust, $field) as u64,
            );)*
        };
    }
    layout!("fusion_bytes", Bytes: ptr len);
    layout!("fusion_request", Request: size op call connect_ms idle_ms total_ms key labels model text body);
    layout!("fusion_host", Host: size abi own emit complete wanted after now_ns now_ms random secret log);
    layout!("fusion_plugin", Table: size abi ops flags name version create destroy start cancel);
    out
}

#[test]
fn the_header_is_c11_and_agrees_with_rust() {
    compile("cc", ["-std=c11", "-x", "c"], &assertions("_Static_assert"));
}

#[test]
fn the_header_is_cpp17_and_agrees_with_rust() {
    compile("c++", ["-std=c++17", "-x", "c++"], &assertions("static_assert"));
}

#[test]
fn statuses_that_are_none_have_no_class() {
    for number in [0, 1, 77, -13, -100, i32::MIN, i32::MAX] {
        assert_eq!(Status(number).kind(), None, "{number}");
    }
}
