from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.channels.smtp_server import mail_server
from tests.channels.stage import receiving
from tests.doors.conftest import authority, ca_file, free_port, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.channels.smtp_server import Post
    from tests.channels.stage import Receiver

__all__ = ["authority", "ca_file", "free_port", "serve"]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A service on loopback that takes messages and remembers their bytes."""
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def post() -> Iterator[Post]:
    """A mail server on loopback, without TLS."""
    with mail_server() as post:
        yield post
