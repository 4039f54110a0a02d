"""The `fusion` command: `fusion …`, or `python -m fusion_kit …`."""

from __future__ import annotations

import signal
import sys


def main() -> int:
    """Runs the command with this process's arguments and gives its exit code."""
    from . import _native

    # While it runs, Ctrl-C is the command's own: first a graceful end, then a hard one.
    if hasattr(signal, "SIGINT"):
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.stdout.flush()
    return _native.command(["fusion", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
