"""Whole reports of whole runs, byte for byte."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.reports.console import result_text
from runner.reports.document import document, encode
from runner.reports.github import run_annotations
from runner.reports.markdown import summary

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.results import RunResult

Scenario = tuple[str, "RunResult"]


def test_the_result_document_reads_as_agreed(small_scenario: Scenario, golden: Callable[[str, str], None]) -> None:
    name, result = small_scenario
    golden(f"{name}.json", encode(document(result) | {"runner_version": "1.2.3"}, indent=2).decode())


def test_the_summary_reads_as_agreed(scenario: Scenario, golden: Callable[[str, str], None]) -> None:
    name, result = scenario
    golden(f"{name}.md", summary(result))


def test_the_text_reads_as_agreed(scenario: Scenario, golden: Callable[[str, str], None]) -> None:
    name, result = scenario
    golden(f"{name}.txt", result_text(result, origin=f"Definition: {result.facts.definition}"))


def test_the_annotations_read_as_agreed(scenario: Scenario, golden: Callable[[str, str], None]) -> None:
    name, result = scenario
    golden(f"{name}.annotations.txt", "".join(f"{line}\n" for line in run_annotations(result)))
