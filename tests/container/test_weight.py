"""docs/image.md accounts for every megabyte; `UPDATE_GOLDEN=1` writes its table anew."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.container.images import ROOT, mounted

if TYPE_CHECKING:
    from tests.container.images import Engine

PAGE: Final = ROOT / "docs" / "image.md"
WEIGH: Final = Path(__file__).with_name("weigh.py")
ROW: Final = re.compile(r"^\| ([^|]+) \| ([\d.]+) \| ([^|]*)\|$", re.MULTILINE)
TABLE: Final = re.compile(r"^\| Package \|.*?^\| all \|[^\n]*\n", re.MULTILINE | re.DOTALL)
MARGIN: Final = 1.5
"""Megabytes up to which a package may be among the others: base images of one Debian differ a little."""


def rows(text: str) -> dict[str, float]:
    found = {name: float(weight) for name, weight, _ in ROW.findall(text)}
    return {"others" if name.endswith(" others") else name: weight for name, weight in found.items()}


def test_the_page_accounts_for_every_megabyte(image: str, containers: Engine) -> None:
    flags = {"user": "0", "volumes": mounted({WEIGH: "/weigh.py"}, mode="ro")}
    ended = containers.run(image, "python3", "-I", "/weigh.py", **flags)
    assert ended.code == 0, ended.err
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(TABLE.sub(lambda _: ended.out, PAGE.read_text(), count=1))
    said, seen = rows(PAGE.read_text()), rows(ended.out)
    assert said.keys() >= {name for name, weight in seen.items() if weight >= MARGIN}, ended.out
    assert seen.keys() >= {name for name, weight in said.items() if weight >= MARGIN}, ended.out
    wrong = {name: (said[name], seen[name]) for name in said.keys() & seen.keys() if far(said[name], seen[name])}
    assert wrong == {}, ended.out


def test_the_page_says_what_every_wheel_is_for() -> None:
    page = PAGE.read_text()
    wheels = [name for name, _, source in ROW.findall(page) if source.strip() == "a wheel"]
    reasons = "\n".join(line for line in page.splitlines() if line.startswith("- **"))
    named = set(re.split(r"[*, ]+", "".join(re.findall(r"^- (\*\*[^*]+\*\*)", reasons, re.MULTILINE))))
    assert [wheel for wheel in wheels if wheel not in named] == []


def far(said: float, seen: float) -> bool:
    return abs(said - seen) > max(0.5, 0.1 * seen)
