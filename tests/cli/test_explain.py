"""`explain`, as a person reads it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runner.errors import ExitCode
from runner.explanations import diagnostic_codes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ended

    Cli = Callable[..., Ended]

E101 = """\
E101: The file is no text in UTF-8

A definition is a text file in UTF-8, of at most 1 MiB, whose name ends in `.yaml`, `.yml` or
`.json`. This one is something else: an editor saved it in an older encoding or as UTF-16, it holds
a NUL byte, or its name says neither YAML nor JSON. Nothing of it can be read, so nothing else is
told about it.

What to do:
  Save it as UTF-8; most editors name the encoding in their status line. `file NAME` says what it is
  now, and `iconv -f latin1 -t utf-8 OLD > NEW` converts it.

Wrong, saved as latin-1:
  version: "1.0"
  description: Is the café up?
  nodes:
    - {id: look, type: context}

What is said about it:
  definition.yaml:2:24 E101 the byte 0xE9 is not UTF-8 — save the file as UTF-8

Right:
  version: "1.0"
  description: Is the café up?
  nodes:
    - {id: look, type: context}

https://org.github.io/pipeline-action/reference/diagnostics/E101.html
"""
E75 = """\
Exit 75 (transient): The database of the definitions cannot be reached; nothing ran

It did not answer within five seconds, refused the connection, hung up, or has no room left. The
message has the host and the reason, never the password. What another try does not help, such as a
wrong password or a missing right, is 4. A definition from a file needs no database: there it is a
warning, and the run has no history.

Try again: yes

What to do:
  Look whether the server is up and can be reached from where the run is: address, port, firewall,
  certificate, `PIPELINE_DATABASE_URL`. In GitHub's hosted runners, a database in a private network
  cannot be reached.

https://org.github.io/pipeline-action/reference/exit-codes.html#transient
"""


@pytest.mark.parametrize(("code", "text"), [("e101", E101), ("75", E75), ("transient", E75)])
def test_a_code_is_explained(cli: Cli, code: str, text: str) -> None:
    ended = cli("explain", code)
    assert (ended.code, ended.out, ended.err) == (ExitCode.OK, text, "")


def test_a_code_is_explained_to_machines(cli: Cli) -> None:
    told = json.loads(cli("explain", "E209", "--json").out)
    assert told["code"] == "E209"
    assert told["said"] == [
        'definition.yaml:1:10 E209 version: version "2.0" is none that this runner reads — write version: "1.0"'
    ]
    assert told["right"] == 'version: "1.0"\nnodes:\n  - {id: look, type: context}\n'
    told = json.loads(cli("explain", "143", "--json").out)
    assert (told["codes"], told["name"], told["again"]) == ([130, 143], "cancelled", "yes")


def test_every_code_is_listed_with_its_title(cli: Cli) -> None:
    lines = cli("explain").out.splitlines()
    assert [line.split()[0] for line in lines[1 : lines.index("exit codes:")]] == list(diagnostic_codes())
    assert "  E203                A key that is not known" in lines
    assert lines[-1] == "  130 / 143 cancelled Stopped by SIGINT (130) or SIGTERM (143)"
    listed = json.loads(cli("explain", "--json").out)
    assert [one["code"] for one in listed["diagnostics"]] == list(diagnostic_codes())
    assert listed["exit_codes"][-1] == {
        "codes": [130, 143],
        "name": "cancelled",
        "title": "Stopped by SIGINT (130) or SIGTERM (143)",
    }


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("E299", 'no code is "E299" — did you mean "E209"?'),
        ("E2O3", 'no code is "E2O3" — did you mean "E203"?'),
        ("unhealty", 'no code is "unhealty" — did you mean "unhealthy"?'),
        ("76", 'no exit code is 76 — did you mean "75"?'),
        ("http", '"http" is no code but a check — pipeline-runner show http has its reference'),
        ("notify", '"notify" is no code but a node type — pipeline-runner show notify has its reference'),
        (
            "why",
            'no code is "why" — pipeline-runner explain lists them all; so does https://org.github.io/pipeline-action/',
        ),
    ],
)
def test_what_is_no_code_gets_a_hint(cli: Cli, word: str, message: str) -> None:
    ended = cli("explain", word)
    assert (ended.code, ended.out, ended.err) == (ExitCode.USAGE, "", f"error: {message}\n")
