"""Headers that a definition adds to a request: what can be sent, and what is said of the others."""

from __future__ import annotations

from typing import Any

import pytest

from runner.secrets import Foreign, Secret
from runner.spec import Invalid, Template
from runner.spec.headers import refuse_bad_headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Api-Key": "a", "Host": "shop.example", "x_1.2~!": ""},
        {"X-A": " a\n", "X-B": Secret("B", "b\nb"), "X-C": Template("{{ inputs.c }}"), "X-D": Foreign("d\nd")},
        Template("{{ inputs.headers }}"),
    ],
)
def test_headers_are_what_can_be_sent(headers: Any) -> None:  # noqa: ANN401 - as a definition has them
    refuse_bad_headers(headers)


@pytest.mark.parametrize(
    ("name", "value", "sentence", "hint"),
    [
        ("A B", "x", '"A B" is no name of a header', 'write it like "X-Api-Key"'),
        ("X-A:", "x", '"X-A:" is no name of a header', 'write it like "X-Api-Key"'),
        ("", "x", '"" is no name of a header', 'write it like "X-Api-Key"'),
        ("Content-Length", "5", "Content-Length follows from what is sent", "leave it out"),
        ("transfer-encoding", "chunked", "transfer-encoding follows from what is sent", "leave it out"),
        ("X-A", "a\r\nX-B: b", "the header X-A holds a line break", "write it on one line"),
    ],
)
def test_a_header_that_cannot_be_sent_is_said(name: str, value: str, sentence: str, hint: str) -> None:
    with pytest.raises(Invalid) as caught:
        refuse_bad_headers({"X-Fine": "x", name: value})
    found = caught.value
    assert (found.sentence, found.hint, found.at) == (sentence, hint, ("headers", name))
