"""pydantic_core without its description of schemas, and pydantic behind it with all it needs."""

from __future__ import annotations

import subprocess
import sys

import pytest

LEAN = "import sys, runner.lean_pydantic as lean; "


@pytest.mark.parametrize(
    "claim",
    [
        pytest.param("assert 'pydantic_core.core_schema' not in sys.modules", id="nobody-read-the-description"),
        pytest.param(
            "from pydantic_core import core_schema; assert core_schema.str_schema() == {'type': 'str'}",
            id="whoever-asks-for-it-gets-the-real-one",
        ),
        pytest.param(
            "from pydantic import TypeAdapter; assert TypeAdapter(list[int]).validate_python(['1']) == [1]",
            id="pydantic-works-behind-it",
        ),
        pytest.param(
            "import pydantic_core; assert pydantic_core.ValidationError is lean.ValidationError",
            id="its-classes-are-the-library's",
        ),
    ],
)
def test_behind_the_lean_import(claim: str) -> None:
    subprocess.run([sys.executable, "-c", LEAN + claim], check=True)


def test_a_description_that_is_there_already_stays() -> None:
    code = "from pydantic_core import core_schema; import sys; " + LEAN
    subprocess.run(
        [sys.executable, "-c", code + "assert sys.modules['pydantic_core.core_schema'] is core_schema"], check=True
    )
