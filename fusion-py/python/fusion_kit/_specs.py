"""Specifications, and the components of a project: what the `fusion spec` and `fusion components` commands do, as objects."""

from __future__ import annotations

import inspect
import os
from typing import Any, Mapping, Optional, Sequence, Union

from ._native import ask_ops

Path = Union[str, "os.PathLike[str]"]


class Spec:
    """The folder of a specification: `spec.md`, `plan.md`, `tasks.md`, in the form of spec-kit, or `spec.yaml`.

    Its methods read the files as they are then, and write none. They block while they read, and let other threads go on; on a loop,
    use `await asyncio.to_thread(spec.analyze)`. Answers are dicts, the same as those of `fusion spec … --json`.

    ```python
    spec = fk.Spec("specs/001-login")
    for component in spec.analyze()["components"]:
        print(component["id"], component["evidence"][0]["line"])
    ```
    """

    def __init__(self, folder: Path) -> None:
        self.folder = os.fspath(folder)

    def __repr__(self) -> str:
        return f"fusion_kit.Spec({self.folder!r})"

    def read(self) -> "dict[str, Any]":
        """Reads `spec.md`: title, requirements, stories with their scenarios, entities, what is out of scope, what is open."""
        told: "dict[str, Any]" = self._ask("read")
        return told

    def validate(self) -> "list[dict[str, Any]]":
        """Says what is wrong: dicts of `file`, `line`, `severity` (`error` or `warning`), `message` and perhaps `hint`."""
        told: "list[dict[str, Any]]" = self._ask("validate")
        return told

    def analyze(self) -> "dict[str, Any]":
        """Says which stack, components and agents it needs, each with the lines that say so."""
        told: "dict[str, Any]" = self._ask("analyze")
        return told

    def plan(self) -> "dict[str, Any]":
        """Gives the tasks in their order, with what each needs; made of the requirements where nobody has written any."""
        told: "dict[str, Any]" = self._ask("plan")
        return told

    def workflow(self) -> "Optional[str]":
        """Gives the workflow file of the open tasks, which `app.load` takes; None when all are done."""
        told: "Optional[str]" = self._ask("workflow")
        return told

    def _ask(self, verb: str) -> Any:
        return ask_ops(f"spec.{verb}", {"folder": self.folder})


class Component:
    """A part of a project that comes, changes and goes as a whole. Subclass it, and say what it is and brings.

    ```python
    class Licence(fk.Component):
        \"\"\"All rights reserved.\"\"\"
        name = "licence"
        version = "1.0.0"
        files = {"LICENCE": "All rights reserved.\\n"}

    fk.Project(".", components=[Licence()]).add("licence")
    ```
    """

    name: str = ""
    """Lower case letters, digits and hyphens; the class's own name in lower case, if it says nothing else."""
    version: str = "0.1.0"
    """Which version it is, after semver."""
    category: str = ""
    """What kind of thing it is: `authentication`, `legal`."""
    requires: "Mapping[str, str]" = {}
    """The components that it needs, with ranges of versions: `{"database": "^1"}`."""
    conflicts: "Mapping[str, str]" = {}
    """The components that it cannot be together with."""
    files: "Mapping[str, str]" = {}
    """The files that it brings: paths within the project, and their texts."""
    manifest: "Mapping[str, Any]" = {}
    """All else that a `component.toml` may say (`templates`, `blocks`, `specs`, `checks`); what it names stands in `package`."""
    package: "Mapping[str, str]" = {}
    """Files of the package that the `manifest` names: paths within the package, and their texts."""

    def form(self) -> "dict[str, Any]":
        """Gives it as the engine reads it."""
        about = inspect.getdoc(self) if type(self).__doc__ is not None else ""
        brought = [{"from": path, "to": path} for path in self.files]
        more = dict(self.manifest)
        manifest = {
            "name": self.name or type(self).__name__.lower(), "version": self.version, "category": self.category,
            "description": (about or "").partition("\n")[0], "requires": dict(self.requires), "conflicts": dict(self.conflicts),
            **more, "files": brought + list(more.get("files", [])),
        }  # fmt: skip
        return {"manifest": manifest, "files": {**self.files, **self.package}}


class Project:
    """The components of a project's folder. `components` are those of the program, `registries` folders with packages.

    Changes are made as a whole or not at all: a failure, or a crash, leaves the folder as it was. The methods block, and let other
    threads go on; one program at a time changes a folder.
    """

    def __init__(
        self, folder: Path = ".", *, components: "Sequence[Component]" = (), registries: "Sequence[Path]" = ()
    ) -> None:  # fmt: skip
        self.folder = os.fspath(folder)
        self._given = {
            "project": self.folder, "own": [one.form() for one in components], "folders": [os.fspath(one) for one in registries],
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"fusion_kit.Project({self.folder!r})"

    def components(self, category: "Optional[str]" = None) -> "list[dict[str, Any]]":
        """Lists the components that there are, each with the version that is `installed` here, or None."""
        told: "list[dict[str, Any]]" = self._ask("list", category=category)
        return told

    def installed(self) -> "dict[str, dict[str, Any]]":
        """Gives what `fusion.lock` says of the components of the project, by their names."""
        told: "dict[str, dict[str, Any]]" = self._ask("installed")
        return told

    def add(
        self, *names: str, spec: "Optional[str]" = None, stack: "Sequence[str]" = (), overwrite: bool = False, dry_run: bool = False
    ) -> "dict[str, Any]":  # fmt: skip
        """Adds components, `"auth"` or `"auth@^1"`, with all that they need; gives the changes.

        `spec` is the folder, within the project, of the specification whose `tasks.md` gets their tasks. Files in the way are kept,
        unless they are to be replaced (`overwrite`; removing the component brings them back). Hooks are not run.
        """
        told: "dict[str, Any]" = self._ask("add", names=names, spec=spec, stack=list(stack), overwrite=overwrite, dry_run=dry_run)
        return told

    def remove(self, *names: str, dry_run: bool = False) -> "dict[str, Any]":
        """Removes components, and what only they needed; what was edited here is kept."""
        told: "dict[str, Any]" = self._ask("remove", names=names, dry_run=dry_run)
        return told

    def upgrade(self, *names: str, overwrite: bool = False, dry_run: bool = False) -> "dict[str, Any]":
        """Brings components to their newest versions; all of them without names."""
        told: "dict[str, Any]" = self._ask("upgrade", names=names, overwrite=overwrite, dry_run=dry_run)
        return told

    def verify(self) -> "dict[str, Any]":
        """Says whether what components brought is unchanged (`ok`), and what is not; commands are not run."""
        told: "dict[str, Any]" = self._ask("verify")
        return told

    def _ask(self, verb: str, *, names: "Sequence[str]" = (), **more: Any) -> Any:
        return ask_ops(f"components.{verb}", {**self._given, "names": list(names), **more})
