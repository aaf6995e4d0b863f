"""The layers of the house, read from the syntax trees: an import only points down, and only doors open to the world."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from enum import Enum
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).parents[1]
PATHS: Final = sorted((ROOT / "runner").rglob("*.py"))

FLOORS: Final = (
    ("runner", "errors", "records", "lean_pydantic"),  # "runner" is the package itself: its version
    (
        "results",
        "explanations",
        "spellings",
        "secrets",
        "spec",
        "deadline",
        "bounds",
        "sayings",
        "validators",
        "registry",
        "standing",
    ),
    ("doors", "expressions", "threads"),
    ("scope", "facts", "rendering"),
    ("formats", "checks", "providers", "channels"),
    ("nodes",),
    ("definition", "store"),
    ("engine", "journal", "reports"),
    ("cli", "prepare", "__main__"),
)
"""The rooms, from the ground up. secrets stand with spec, whose texts may hold them."""

NEIGHBOURS: Final = {
    ("errors", "records"): "a diagnostic is a record",
    ("deadline", "spec"): "a limit is written as a duration is",
    ("secrets", "spellings"): "a secret is looked for in all its spellings",
    ("spec", "secrets"): "a text in a definition may hold a secret",
    ("validators", "spec"): "validators speak of what a spec found",
    ("validators", "sayings"): "what is wrong is said in our words",
    ("sayings", "spec"): "they are a spec's finding",
    ("registry", "spec"): "an unknown name is a spec's finding",
    ("registry", "validators"): "a member is read by its validator",
    ("standing", "results"): "what is wrong is read off results",
    ("doors", "threads"): "who dials a server can be left behind",
    ("definition", "store"): "a definition may stand in a database",
    ("facts", "scope"): "facts are gathered from a scope",
    ("rendering", "scope"): "texts are rendered with a scope's names",
    ("__main__", "cli"): "python -m runner is the command line",
}
"""The only imports within a floor that leave their room, and why."""

STRANGERS: Final = {"nodes", "formats", "checks", "providers", "channels"}
"""Rooms whose members do not know each other; what several share is a module that imports none of them."""

HIDDEN: Final = {
    "certifi": ("only where the system has no certificates", {"doors.curl"}),
    "difflib": ("only where something is wrong already", {"spec.base"}),
    "jmespath": ("15 ms, only where a definition has a path", {"checks.answer", "nodes.paths"}),
    "jmespath.exceptions": ("with it", {"nodes.paths"}),
    "json": ("--help does without", {"cli.commands.report"}),
    "pycurl": (
        "20 ms, only where something goes over HTTP or TLS is looked at",
        {"doors.curl", "doors.faults", "doors.tls"},
    ),
    "pydantic": ("60 ms, only where nothing is prepared", {"validators"}),
    "pydantic_core": ("only where validators are prepared", {"spec.base"}),
    "regex": ("30 ms, only where a check has a pattern", {"checks.matching"}),
    "pathlib": ("5 ms, of use only where a name is looked for", {"cli.container", "cli.shell"}),
    "sqlalchemy": ("200 ms, only where the tables of a file are changed", {"store.file"}),
    "textwrap": ("only at a narrow terminal", {"cli.shell"}),
    "shutil": ("--version does without", {"cli.container"}),
    "runner.channels.letter": ("brings email, only where a mail is written", {"channels.email"}),
    "runner.cli.action": ("only in the Action", {"cli.session"}),
    "runner.cli.dry_run": ("only for a dry run", {"cli.commands.run"}),
    "runner.lean_pydantic": (
        "10 ms, with the first definition",
        {
            "channels.options",
            "definition.config",
            "definition.draft",
            "nodes.intelligence",
            "validators",
        },
    ),
    "runner.channels": ("only where something is wrong", {"definition.parts"}),
    "runner.checks": ("only where something is wrong", {"definition.parts"}),
    "runner.providers": ("only where something is wrong", {"definition.parts"}),
    "runner.sayings": ("only where something is wrong", {"validators"}),
    "runner.cli.library": ("brings pathlib, only where a name is looked for", {"cli.payload", "cli.prepare_run"}),
    "rich.console": ("100 ms, only where something takes long at a terminal", {"cli.live"}),
    "rich.live": ("with it", {"cli.live"}),
    "rich.text": ("with it", {"cli.live"}),
    "runner.cli.live": ("only at a terminal", {"cli.shell"}),
    "runner.cli.perform": ("only for a run", {"cli.commands.run"}),
    "runner.cli.github": ("only on GitHub", {"cli.shell"}),
    "runner.cli.github_log": ("only on GitHub", {"cli.shell"}),
    "runner.cli.prepare_run": ("--help does without", {"cli.commands.run"}),
    "runner.cli.rewrite": ("only where a flag changes nodes", {"cli.overrides"}),
    "runner.cli.heartbeat": ("only where one is wanted", {"cli.session"}),
    "runner.cli.session": ("--version does without", {"cli.main"}),
    "runner.cli.summary": ("only where a summary is wanted", {"cli.shell"}),
    "runner.definition.schema": ("brings pydantic, only for the schema", {"cli.commands.schema"}),
    "runner.checks.lookup": ("brings dnspython, 60 ms, only where a name server is asked", {"checks.dns"}),
    "runner.doors.dns": ("a door is built when it is first used", {"doors.opened"}),
    "runner.doors.files": ("a door is built when it is first used", {"doors.opened"}),
    "runner.doors.http": ("a door is built when it is first used", {"doors.opened"}),
    "runner.doors.mysql": ("brings PyMySQL, 40 ms, only where such a server is spoken to", {"doors.sql"}),
    "runner.doors.mysql_query": ("with it", {"doors.sql"}),
    "runner.doors.net": ("a door is built when it is first used", {"doors.opened"}),
    "runner.doors.postgres": ("brings psycopg, 120 ms, only where such a server is spoken to", {"doors.sql"}),
    "runner.doors.postgres_query": ("with it", {"doors.sql"}),
    "runner.doors.proxies": ("with the doors that ask it", {"doors.opened"}),
    "runner.doors.process": ("a door is built when it is first used", {"doors.opened"}),
    "runner.doors.smtp": ("a door is built when it is first used", {"doors.opened"}),
    "runner.doors.sql": ("a door is built when it is first used", {"doors.opened"}),
    "runner.doors.tls": ("a door is built when it is first used", {"doors.opened"}),
    "runner.doors.shut": ("only for a dry run", {"doors"}),
    "runner.expressions": (
        "brings jinja2, only where a definition has an expression",
        {"rendering", "definition.draft", "definition.filling", "engine.conditions"},
    ),
    "runner.engine.world": ("only where something is remembered", {"cli.remember"}),
    "runner.spec.databases": ("brings urllib.parse, only where there is a database", {"cli.databases", "cli.remember"}),
    "runner.store.definitions": ("only where there is a database", {"definition.library"}),
    "runner.store.channels": ("only where there is a database", {"cli.databases"}),
    "runner.store.connection": (
        "only where there is a database",
        {"cli.databases", "cli.remember", "definition.library"},
    ),
    "runner.store.database": ("only where there is a database", {"cli.databases", "cli.remember"}),
    "runner.store.file": ("brings sqlite3, only where a file is used", {"store.database"}),
    "runner.store.memory": ("only where something is remembered", {"cli.remember"}),
    "runner.store.runs": ("only where something is remembered", {"cli.remember"}),
    "runner.store.schema": ("only where something is remembered", {"cli.remember"}),
    "runner.store.server": ("brings SQLAlchemy, only where a server is used", {"store.database"}),
    "runner.reports.console": (
        "only the report that is wanted",
        {"cli.commands.history", "cli.commands.report", "cli.publish"},
    ),
    "runner.reports.document": (
        "only the report that is wanted",
        {"cli.checking", "cli.commands.report", "cli.remember", "cli.shell"},
    ),
    "runner.reports.markdown": ("only the report that is wanted", {"cli.commands.report", "cli.publish"}),
    "runner.reports.reading": ("--help does without", {"cli.commands.report"}),
    "runner.reports.recovery": ("only for a run that was killed", {"cli.commands.report"}),
    "runner.reports.validation": ("only the report that is wanted", {"cli.checking"}),
    "runner.spellings": ("only where there is a secret to look for", {"secrets"}),
    "urllib.parse": ("5 ms, only where a payload names a place", {"scope"}),
    "ssl": ("15 ms, only where something goes over TLS", {"doors.curl"}),
    "traceback": ("only for a bug", {"cli.shell"}),
}
"""What is imported inside functions: why it waits, and where."""

OPENINGS: Final[dict[tuple[str, str], str]] = {
    ("store.file", "sqlite3"): "the file that remembers; a server is reached by a door",
}
"""Imports of modules that reach out where none of it is used to: (module, what it imports) and for what."""

SHELL: Final = {"cli.main", "cli.session", "cli.container", "prepare"}
"""Where the process meets the program: prepare is the build's, and no part of a run."""

MAX_BROAD_HANDLERS: Final = 2


class Where(Enum):
    """Where an import stands."""

    TOP = "top"
    FUNCTION = "function"
    TYPES = "types"
    """Below `if TYPE_CHECKING`: it counts for the layers, and opens nothing."""

    def below(self, node: ast.AST) -> Where:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return Where.FUNCTION
        return Where.TYPES if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING" else self


@dataclass(frozen=True, slots=True)
class Import:
    """One import of a module, by full names."""

    target: str
    """`runner.doors.http`, `json`."""
    where: Where
    line: int

    @property
    def hidden(self) -> bool:
        return self.where is Where.FUNCTION

    @property
    def room(self) -> str:
        return room(self.target)


def module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES: Final = {module(path): path for path in PATHS}


def inside(name: str) -> str:
    """The name without the package's: `cli.main`."""
    return name.removeprefix("runner.")


def room(name: str) -> str:
    return inside(name).split(".")[0]


def floor(name: str) -> int:
    return next(rank for rank, rooms in enumerate(FLOORS) if room(name) in rooms)


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text(encoding="utf-8"))


def walk(node: ast.AST, where: Where = Where.TOP) -> Iterator[tuple[ast.AST, Where]]:
    """Walk a tree, saying of each node where it stands."""
    yield node, where
    for child in ast.iter_child_nodes(node):
        yield from walk(child, where.below(node))


@cache
def imports(name: str) -> tuple[Import, ...]:
    found = []
    for node, where in walk(tree(name)):
        if isinstance(node, ast.Import):
            found += [Import(alias.name, where, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}:{node.lineno} imports relatively; name the module"
            found += [Import(target(node.module or "", alias.name), where, node.lineno) for alias in node.names]
    return tuple(found)


def target(base: str, name: str) -> str:
    """`from base import name`: the module that this reaches."""
    return f"{base}.{name}" if f"{base}.{name}" in MODULES else base


def ours(name: str) -> tuple[Import, ...]:
    return tuple(one for one in imports(name) if one.target.split(".")[0] == "runner")


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """The calls of a module, by dotted name as written (`path.write_text`)."""
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def at(name: str, node: ast.expr | ast.stmt | ast.ExceptHandler) -> str:
    return f"{MODULES[name].relative_to(ROOT)}:{node.lineno}"


every_module = pytest.mark.parametrize("name", MODULES)


@every_module
def test_a_module_says_what_it_is(name: str) -> None:
    assert ast.get_docstring(tree(name)), f"{name} has no docstring"


@every_module
def test_a_module_stands_on_a_floor(name: str) -> None:
    assert [room(name)] == [one for rooms in FLOORS for one in rooms if one == room(name)]


@every_module
def test_an_import_points_down(name: str) -> None:
    upwards = [
        f"{name}:{one.line} imports {one.target}"
        for one in ours(name)
        if floor(one.target) >= floor(name)
        and one.room != room(name)
        and not {(inside(name), one.room), (room(name), one.room)} & NEIGHBOURS.keys()
    ]
    assert upwards == []


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) in STRANGERS])
def test_members_of_a_family_do_not_know_each_other(name: str) -> None:
    """A member may import what its room shares, never another member; the table of members hardly anything."""
    members = registered(room(name))
    if name == f"runner.{room(name)}":
        assert {one.target for one in ours(name)} <= {"runner.registry", "runner.scope", *contracts(name)}
    elif name in members:
        assert [one.target for one in ours(name) if one.target in members - {name}] == []


def registered(family: str) -> set[str]:
    """The modules that a family's registry names, read from the texts of its `__init__`."""
    texts = [node.value for node in ast.walk(tree(f"runner.{family}")) if isinstance(node, ast.Constant)]
    return {text.partition(":")[0] for text in texts if isinstance(text, str) and text.startswith(f"runner.{family}.")}


def contracts(name: str) -> set[str]:
    """The modules of a room that its registry may name as the type of its members: those that are none."""
    return {one for one in MODULES if one.startswith(f"{name}.")} - registered(room(name))


def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {name: {one.target for one in ours(name)} - {name} for name in MODULES}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


@every_module
def test_a_module_does_not_come_in_by_the_face_of_its_own_package(name: str) -> None:
    """Where the package's `__init__` imports modules of it, each of these would wait for the other."""
    package = name.rpartition(".")[0]
    faces = any(one.where is Where.TOP and one.target.startswith(f"{package}.") for one in ours(package or name))
    found = [
        f"{name}:{node.lineno} imports {', '.join(alias.name for alias in node.names)} from {package}"
        for node in tree(name).body
        if isinstance(node, ast.ImportFrom) and node.module == package
    ]
    assert not faces or found == []


@every_module
def test_an_import_inside_a_function_is_listed_with_its_reason(name: str) -> None:
    hidden = [
        f"{name}:{one.line} imports {one.target}"
        for one in imports(name)
        if one.hidden and inside(name) not in HIDDEN.get(one.target, ("", set()))[1]
    ]
    assert hidden == []


def test_the_list_of_hidden_imports_is_no_longer_than_needed() -> None:
    found = {(one.target, inside(name)) for name in MODULES for one in imports(name) if one.hidden}
    assert {(target, name) for target, (_, names) in HIDDEN.items() for name in names} - found == set()


def test_the_list_of_neighbours_is_no_longer_than_needed() -> None:
    found = {(inside(name), one.room) for name in MODULES for one in ours(name)}
    found |= {(room(name), other) for name, other in found}
    assert set(NEIGHBOURS) - found == set()


def test_hardly_anything_catches_everything() -> None:
    handlers = [
        (name, node) for name in MODULES for node in ast.walk(tree(name)) if isinstance(node, ast.ExceptHandler)
    ]
    broad = [at(name, handler) for name, handler in handlers if is_broad(handler)]
    assert len(broad) <= MAX_BROAD_HANDLERS, broad


def is_broad(handler: ast.ExceptHandler) -> bool:
    """Catches everything and does not hand it on; what cleans up and raises again is no handler."""
    if isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None:
        return False
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(one is None or ast.unparse(one) in {"Exception", "BaseException"} for one in caught)


@pytest.mark.parametrize("name", [name for name in MODULES if inside(name) not in SHELL])
def test_only_the_shell_reads_environment_and_arguments(name: str) -> None:
    touched = {"os.environ", "os.environb", "os.getenv", "sys.argv"}
    found = [
        at(name, node)
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Attribute) and ast.unparse(node) in touched
    ]
    found += [
        at(name, node)
        for node in ast.walk(tree(name))
        if isinstance(node, ast.ImportFrom) and {f"{node.module}.{alias.name}" for alias in node.names} & touched
    ]
    assert found == []


OUT_OF_TURN: Final = {
    "breakpoint",
    "exit",
    "input",
    "os._exit",
    "print",
    "quit",
    "sys.exit",
    "sys.stderr.write",
    "sys.stdout.write",
    "time.sleep",
}


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) not in {"cli", "prepare", "__main__"}])
def test_a_plugin_never_prints_sleeps_or_exits(name: str) -> None:
    assert [f"{at(name, node)} calls {called}" for called, node in calls(name) if called in OUT_OF_TURN] == []


REACHING: Final = {
    "asyncio",
    "http.client",
    "http.server",
    "logging",
    "multiprocessing",
    "psycopg",
    "pycurl",
    "pymysql",
    "requests",
    "smtplib",
    "socket",
    "ssl",
    "subprocess",
    "tempfile",
    "urllib.request",
    "sqlite3",
    "urllib3",
}
"""Modules that reach out of the process, or log behind the runner's back."""


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) != "doors"])
def test_only_doors_import_what_reaches_out(name: str) -> None:
    found = [
        f"{name}:{one.line} imports {one.target}"
        for one in imports(name)
        if {one.target, one.target.split(".")[0]} & REACHING
        and one.where is not Where.TYPES
        and (inside(name), one.target) not in OPENINGS
    ]
    assert found == []


CHANGING: Final = {
    "os": {"open", "fdopen", "remove", "replace", "makedirs", "rmdir", "truncate", "system", "popen", "fork", "kill"},
    "shutil": {"copy", "copyfile", "copytree", "move", "rmtree"},
    "": {"write_text", "write_bytes", "touch", "mkdir", "rmdir", "unlink", "rename", "symlink_to", "chmod"},
}
"""What changes files or starts processes, by its module; below "" what any path has."""


@pytest.mark.parametrize("name", [name for name in MODULES if room(name) != "doors" and inside(name) not in SHELL])
def test_only_doors_open_sockets_processes_and_files_for_writing(name: str) -> None:
    assert [f"{at(name, node)} calls {called}" for called, node in calls(name) if opens(called, node)] == []


def opens(called: str, node: ast.Call) -> bool:
    if [ast.unparse(argument) for argument in node.args[:1]] == ["os.devnull"]:
        return False
    owner, _, attribute = called.rpartition(".")
    if attribute == "open" and called != "os.open":
        return writes(node, 1 if owner in {"", "io"} else 0)
    return attribute in CHANGING.get(owner, ()) or attribute in CHANGING[""]


def writes(node: ast.Call, place: int) -> bool:
    """An `open` whose mode, at that place or by name, is for writing."""
    modes = [*node.args[place : place + 1], *(one.value for one in node.keywords if one.arg == "mode")]
    return any(isinstance(mode, ast.Constant) and set("wax+") & set(str(mode.value)) for mode in modes)
