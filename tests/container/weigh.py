"""Weighs the image that it runs in: a table of megabytes by package, as docs/image.md has it.

What belongs to which package is told by dpkg's lists and by the records of the wheels. Needs nothing but Python.
"""

from __future__ import annotations

import csv
import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

LIBRARY: Final = "/usr/lib/python3"
SITE: Final = Path("/usr/local/lib/python3.13/dist-packages")
LISTS: Final = Path("/var/lib/dpkg/info")
KERNEL: Final = {"/proc", "/sys", "/dev"}
PYTHON: Final = "python3.13"
"""Its packages in one: what is compiled of the library belongs to none of them."""
RUNNER: Final = "pipeline-runner"
SMALL: Final = 1.0
"""Megabytes under which packages are counted in one line."""


@dataclass(frozen=True)
class Owners:
    """Who brought what."""

    files: dict[str, str]
    """Debian's packages, by path."""
    folders: dict[str, str]
    """What belongs to one package as a whole."""

    @classmethod
    def found(cls) -> Owners:
        """Read the lists of this image."""
        folders = {str(SITE / "runner"): RUNNER, "/opt": RUNNER, "/var/lib/dpkg": "dpkg"}
        for record in SITE.glob("*.dist-info/RECORD"):
            name = record.parent.name.partition("-")[0].replace("_", "-")
            folders |= {str(SITE / row[0].partition("/")[0]): name for row in csv.reader(record.open())}
        return cls(dict(_listed()), folders)

    def of(self, path: str) -> str:
        """Return who brought a file."""
        name = self.files.get(path, "")
        if path.startswith(LIBRARY) or "python3" in name:
            return PYTHON
        above = map(str, (Path(path), *Path(path).parents))
        return name or next((self.folders[place] for place in above if place in self.folders), "no package")


def _listed() -> Iterator[tuple[str, str]]:
    for file in LISTS.glob("*.list"):
        for line in file.read_text().splitlines():
            place = Path(line)
            yield str(place.parent.resolve() / place.name), file.stem.partition(":")[0]


def files() -> Iterator[tuple[str, int]]:
    """Return every file of the image with its size, each once."""
    seen = set()
    for folder, names, entries in os.walk("/"):
        names[:] = [name for name in names if str(Path(folder, name)) not in KERNEL]
        for path in (Path(folder, entry) for entry in entries):
            status = path.lstat()
            if not path.is_symlink() and status.st_ino not in seen:
                seen.add(status.st_ino)
                yield str(path), status.st_size


def table(owners: Owners) -> Iterator[str]:
    """Return the lines of the table, the heaviest first."""
    wheels = set(owners.folders.values()) - {RUNNER, "dpkg"}
    weights: Counter[str] = Counter()
    for path, size in files():
        weights[owners.of(path)] += size
    megabytes = {name: size / 1e6 for name, size in weights.most_common()}
    yield "| Package | MB | From |\n| --- | ---: | --- |"
    for name, weight in megabytes.items():
        if weight >= SMALL:
            source = "here" if name == RUNNER else "a wheel" if name in wheels else "Debian"
            yield f"| {name} | {weight:.1f} | {source} |"
    small = [weight for weight in megabytes.values() if weight < SMALL]
    yield f"| {len(small)} others | {sum(small):.1f} | under {SMALL:.0f} MB each |"
    yield f"| all | {sum(megabytes.values()):.1f} | |"


if __name__ == "__main__":
    print("\n".join(table(Owners.found())))  # noqa: T201 - what it is for
