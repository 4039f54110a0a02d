"""Refuses to be imported into a sub-interpreter: the engine's threads belong to the main one."""

from __future__ import annotations

import importlib
from typing import Any


def _interpreters() -> Any:
    for name in ("_interpreters", "_xxsubinterpreters"):
        try:
            return importlib.import_module(name)
        except ImportError:  # Another version of Python, or one that has none.
            continue
    return None


_found = _interpreters()
if _found is not None and _found.get_current() != _found.get_main():
    raise ImportError("fusion_kit does not support subinterpreters: import it in the main interpreter")
