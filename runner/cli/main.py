"""Where the process starts: the version at once, everything else with the command line."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from runner import __version__

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None, *, inputs: bool = False, warning: str = "") -> int:
    """Run the command line of this process, which ends with it; return the exit code.

    With `inputs` the `INPUT_*` variables of the GitHub Action come before the arguments; `warning` is what was odd
    before.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments == ["--version"]:
        print(f"pipeline-runner {__version__}")  # noqa: T201 - what was asked for
        return 0
    gc.set_threshold(200_000)  # starting up makes many objects and no garbage: looking for it takes a twentieth
    from runner.cli.session import run  # noqa: PLC0415 - `--version` does without

    try:
        return run(arguments, inputs=inputs, warning=warning)
    finally:
        gc.freeze()  # ending, Python looks for garbage once more, in all there is: a tenth of a short run
