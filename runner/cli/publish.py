"""What a run leaves behind: result document, summary, outputs, annotations, and the result on stdout."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.errors import ExitCode, NotWritten
from runner.reports.document import document, encode
from runner.results import Exit

if TYPE_CHECKING:
    from runner.cli.follow import Trail
    from runner.cli.prepare_run import Job
    from runner.cli.shell import Shell
    from runner.doors.files import Files
    from runner.results import RunResult


def publish(result: RunResult, job: Job, shell: Shell, files: Files, trail: Trail) -> int:
    """Write every report; return the exit code.

    Only a result document that cannot be written changes the outcome. Raises `NotWritten` where stdout takes nothing.
    """
    shell.log.guard()  # a document may go to the same place
    problem = _write_document(result, job, shell, files, trail)
    result = _failed(result, problem) if problem else result
    summary_path = _write_summary(result, shell)
    if hub := shell.hub:
        hub.tell_result(result, results="" if problem else job.results, summary=summary_path, problem=problem)
    shell.verdict = result.verdict
    _print(result, job, shell)
    return result.exit.code


def _write_document(result: RunResult, job: Job, shell: Shell, files: Files, trail: Trail) -> str:
    """Write the result document, and its journal has done its duty; return why that could not be, else nothing."""
    if not job.results:
        return ""
    trail.end(result)
    try:
        files.write(job.results, encode(shell.masked(document(result)), indent=2))
    except NotWritten as error:
        shell.log.error(error.message)  # noqa: TRY400 - the log is ours, and the message says it all
        return error.message
    trail.remove()
    shell.log.info(f"result document: {job.results}")
    return ""


def _failed(result: RunResult, reason: str) -> RunResult:
    """Make the exit code 1 at least: nobody must take a missing document for a good one."""
    milder = {ExitCode.OK, ExitCode.UNHEALTHY, ExitCode.INCONCLUSIVE}
    if result.exit.code not in milder:
        return result
    return replace(result, exit=Exit(code=ExitCode.FAILED, reason=reason), error=result.error or reason)


def _write_summary(result: RunResult, shell: Shell) -> str:
    """Append the summary; return its path, empty where there is none."""
    file = shell.summary_file
    if file is None:
        return ""
    from runner.reports.markdown import summary  # noqa: PLC0415 - only where one is wanted

    return file.add(summary(result))


def _print(result: RunResult, job: Job, shell: Shell) -> None:
    """Put the result on stdout: a document, one event, or text for people."""
    if shell.wants_json:
        shell.json(document(result))
    elif shell.logs_json:
        from runner.reports.console import finished_event  # noqa: PLC0415 - only then

        shell.event(finished_event(result))
    else:
        from runner.reports.console import result_text  # noqa: PLC0415 - only then

        shell.write(result_text(result, origin=job.origin, color=shell.colored))
