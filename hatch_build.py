"""What the wheel carries besides the code: the prepared validators and the definitions that ship."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedData(BuildHookInterface[BuilderConfig]):
    """Prepares the validators before a wheel is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Prepare the validators in the source tree and take them along; `version` is `standard` or `editable`.

        Raises `CalledProcessError` where a class cannot be prepared: no wheel is better than a slow one.
        """
        # in a process of its own: the classes are imported from this source tree, whatever the build has on its path
        subprocess.run([sys.executable, "-m", "runner.prepare"], cwd=self.root, check=True)
        build_data["artifacts"].append("runner/prepared/*.pickle")
        if version != "editable":  # an editable install reads both from the source tree
            build_data["force_include"]["definitions"] = "runner/builtin"
