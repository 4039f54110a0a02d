"""What the package shows: every public name has a type and words; it costs little to import; the command is in it."""

import ast
import importlib.metadata
import inspect
import json
import subprocess
import sys
from pathlib import Path

import fusion_kit as fk
from fusion_kit import _native

PACKAGE = Path(fk.__file__).parent
OBJECTS = (fk.item, fk.index, fk.Chunk)


def members():
    for name in fk.__all__:
        value = getattr(fk, name)
        yield name, value
        if inspect.isclass(value):
            for inner, member in vars(value).items():
                if not inner.startswith("_") and (callable(member) or isinstance(member, (property, staticmethod))):
                    yield f"{name}.{inner}", member


def test_every_public_name_has_words():
    for name, value in members():
        if name == "__version__" or any(value is one for one in OBJECTS):
            continue
        value = value.__func__ if isinstance(value, staticmethod) else value
        words = inspect.getdoc(value)
        assert words and len(words) > 10 and words[0].isupper(), f"{name} has no docstring"


def test_every_public_function_has_types():
    for name, value in members():
        value = value.fget if isinstance(value, property) else value
        if not inspect.isfunction(value):
            continue
        for parameter in list(inspect.signature(value).parameters.values()):
            if parameter.name not in ("self", "cls"):
                assert parameter.annotation is not parameter.empty, f"{name}: {parameter.name} has no type"
        assert "return" in value.__annotations__, f"{name} does not say what it gives"


def stub():
    tree = ast.parse((PACKAGE / "_native.pyi").read_text())
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            assert ast.get_docstring(node), node.name
            yield node.name, {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)}
        elif isinstance(node, ast.FunctionDef):
            yield node.name, None


def test_the_stub_says_what_is_there_and_nothing_else():
    told = dict(stub())
    there = {name for name in dir(_native) if not name.startswith("_")}
    assert there - {"native"} == told.keys()
    for name, methods in told.items():
        if methods is None:
            continue
        kind = getattr(_native, name)
        found = {one for one in vars(kind) if not one.startswith("__")}
        assert found == methods - {"__init__"}, name


def test_the_package_says_that_it_is_typed_and_needs_nothing():
    assert (PACKAGE / "py.typed").exists()
    assert importlib.metadata.requires("fusion-kit") in (None, [])
    assert fk.__version__ == importlib.metadata.version("fusion-kit")


def test_importing_is_quick_and_loads_little():
    code = "import sys; before = set(sys.modules); import fusion_kit; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"asyncio", "inspect", "dataclasses", "pydantic", "datetime", "decimal", "uuid", "concurrent.futures", "logging"}
    assert not heavy & set(loaded), heavy & set(loaded)


def command(*words, cwd):
    program = Path(sys.executable).with_name("fusion")
    return subprocess.run([program, *words], capture_output=True, text=True, cwd=cwd, timeout=60)


def test_the_command_is_in_the_package(tmp_path):
    flow = tmp_path / "flow.yaml"
    flow.write_text("fusion: 1\nname: hello\nnodes:\n  a: { command: [echo, hi] }\noutputs: { said: '{{ nodes.a.stdout | trim }}' }\n")
    done = command("run", "flow.yaml", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["outputs"] == {"said": "hi"}
    assert command("validate", "missing.yaml", cwd=tmp_path).returncode == 2
    assert fk.__version__ in command("--version", cwd=tmp_path).stdout
    done = subprocess.run([sys.executable, "-m", "fusion_kit", "explain", "FU0102"], capture_output=True, text=True)
    assert done.returncode == 0 and "FU0102" in done.stdout


def test_what_the_command_wrote_the_package_reads(tmp_path):
    flow = tmp_path / "flow.yaml"
    flow.write_text("fusion: 1\nname: hello\nnodes:\n  a: { wait: { signal: go } }\noutputs: { n: '{{ nodes.a.n }}' }\n")
    store = f"sqlite://{tmp_path / 'x.db'}"
    done = command("--store", store, "run", "flow.yaml", "--id", "r1", "--detach", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    with fk.Fusion(store) as app:
        run = app.find("r1").wait()
        run.signal("go", {"n": 3}).wait()
        assert run.result(timeout=30).wait() == {"n": 3}
    done = command("--store", store, "runs", "show", "r1", cwd=tmp_path)
    assert "succeeded" in done.stdout
