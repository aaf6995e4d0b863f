from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.channels.stage import receiving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.channels.stage import Receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A service on loopback that takes messages and remembers their bytes."""
    with receiving() as receiver:
        yield receiver
