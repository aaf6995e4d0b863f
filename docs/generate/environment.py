"""The page of the environment: variables that the runner reads, and those of drivers and providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from docs.generate.markdown import code, page, table
from runner.cli.catalogue import FAMILIES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CONFIGURES: Final[Mapping[str, str]] = {
    "PIPELINE_DEFINITIONS_DIR": "a folder where definitions are looked for by name, before `definitions/`",
    "PIPELINE_DATABASE_URL": "a database of definitions and channels, and of the history where nothing else says where "
    "that is: `postgresql://`, `mysql://` or `sqlite:///`",
    "PIPELINE_DEFINITIONS_TABLE": "the one table in which definitions are looked for",
    "PIPELINE_STATE_URL": "where the history is kept; `none` keeps none",
    "PIPELINE_ENVIRONMENT": "the label `--environment`",
    "PIPELINE_FAIL_ON": "the verdict `--fail-on`",
    "PIPELINE_LOG_FORMAT": "`json`: stderr is JSON lines and the result one line; `text` otherwise",
    "PIPELINE_ALLOW_SECRETS": "guarded names that definitions may use, with commas between them",
    "PIPELINE_HEARTBEAT_URL": "called at every end of a run, within 5 s, with `{exit_code}` and `{verdict}` filled in: "
    "a dead man's switch outside",
    "PIPELINE_DOCKER_SOCKET": "`true` leaves the Action its right to Docker's socket; see "
    "[the image](../image.md#users)",
    "DATABASE_URL": "read in place of `PIPELINE_DATABASE_URL`, and only for an explicit `db:NAME`",
}
"""Variables that are there to configure the runner."""

SURROUNDINGS: Final[Mapping[str, str]] = {
    "CI": "where it is set, `pipeline-results.json` is written without being asked for, and the built-in `alert` looks "
    "at no machine",
    "GITHUB_ACTIONS": "`true`: GitHub's log syntax is spoken, unless `--ci` says otherwise",
    "GITHUB_WORKSPACE": "where relative names start from",
    "GITHUB_EVENT_PATH": "the event that `--event` reads",
    "GITHUB_EVENT_NAME": "what kind of event that is",
    "GITHUB_OUTPUT": "the file that takes the outputs of the step",
    "GITHUB_STEP_SUMMARY": "the file that takes the summary, unless `--summary` names another",
    "GITHUB_SERVER_URL": "a part of the address of the run, which messages link to",
    "GITHUB_REPOSITORY": "a part of it",
    "GITHUB_RUN_ID": "a part of it",
    "GITHUB_RUN_ATTEMPT": "a part of it",
    "RUNNER_DEBUG": "`1`: as `-v`",
    "NO_COLOR": "no colours, unless `--color always`",
    "FORCE_COLOR": "colours though no terminal shows them, unless `NO_COLOR` or `--color never`; `0` for none",
    "TERM": "`dumb`: no colours",
    "HTTP_PROXY": "the proxy of `http://` addresses; small letters win here and in the next three",
    "HTTPS_PROXY": "the proxy of `https://` addresses",
    "ALL_PROXY": "the proxy of both",
    "NO_PROXY": "hosts, domains and networks that are reached without it, with commas between them; `*` for all",
    "REQUESTS_CA_BUNDLE": "a file of certificates that are trusted in place of the system's",
    "CURL_CA_BUNDLE": "the same, where that is not set",
    "SSL_CERT_FILE": "the same, where neither is set",
}
"""Variables that CI systems, terminals and networks set."""


def environment_pages() -> Iterator[tuple[str, str]]:
    """Make the page, by its path."""
    text = page(
        "# Environment",
        "A flag wins over an input of the Action, an input over a variable, a variable over the definition. A variable "
        "that is empty is not set.",
        "## To configure it",
        _table(CONFIGURES),
        "`NAME_FILE` names a file that holds the value wherever `NAME` is a secret, a URL of a database, or the "
        "heartbeat: the way that Docker and Kubernetes hand secrets over.",
        "## Of drivers and providers",
        "They stand in for an option that the definition does not give, and need not be declared as secrets.",
        table(("Variable", "Of", "Stands in for"), _members()),
        "## Of the surroundings",
        _table(SURROUNDINGS),
    )
    yield "reference/environment.md", text


def member_variables() -> dict[str, list[tuple[str, str, str]]]:
    """Return the variables of drivers and providers: by name, family, member and option."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for family in ("drivers", "providers"):
        for name in FAMILIES[family]:
            variables: Mapping[str, str] = getattr(FAMILIES[family].load(name), "variables", {})
            for option, variable in variables.items():
                found.setdefault(variable, []).append((family, name, option))
    return found


def _members() -> Iterator[tuple[str, str, str]]:
    for variable, uses in sorted(member_variables().items()):
        for family, name, option in uses:
            yield code(variable), f"[{name}]({family}/{name}.md)", code(option)


def _table(variables: Mapping[str, str]) -> str:
    return table(("Variable", "Means"), ((code(name), text) for name, text in variables.items()))
