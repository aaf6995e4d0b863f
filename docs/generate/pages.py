"""All pages that are made, by the path that each has below `docs/`."""

from __future__ import annotations

from functools import cache
from itertools import chain

from docs.generate.action import action_pages
from docs.generate.codes import code_pages
from docs.generate.commands import command_pages
from docs.generate.definition import definition_pages
from docs.generate.environment import environment_pages
from docs.generate.markdown import page, table
from docs.generate.members import member_pages
from docs.generate.results import result_pages

_PARTS = {
    "[Definition](definition.md)": "the keys of a definition and of its nodes, and the kinds of values",
    "[Expressions](../expressions.md)": "what `{{ … }}` and `when` may say",
    "[Node types](node-types/index.md)": "what nodes do",
    "[Checks](checks/index.md)": "what can be looked at",
    "[Alert formats](formats/index.md)": "what can be read",
    "[Providers](providers/index.md)": "what can be asked",
    "[Drivers](drivers/index.md)": "where messages go",
    "[Command line](commands/index.md)": "the sub-commands and their flags",
    "[Environment](environment.md)": "variables that are read",
    "[The Action](../action.md)": "where it runs, what it shows, and what it does to the machine",
    "[Inputs and outputs](action.md)": "of the Action",
    "[The image](../image.md)": "what is in it, and who it runs as",
    "[Diagnostics](diagnostics/index.md)": "each mistake in a definition, with its mend",
    "[Exit codes](exit-codes.md)": "how a run ended, and what to do",
    "[Result document](result.md)": "what a run leaves behind",
}


@cache
def pages() -> dict[str, str]:
    """Make every page."""
    index = page(
        "# Reference",
        "Made of the program itself, each time this site is built: it says what this version does.",
        table(("Page", "Says"), _PARTS.items()),
    )
    made = chain(
        member_pages(),
        definition_pages(),
        environment_pages(),
        action_pages(),
        command_pages(),
        code_pages(),
        result_pages(),
    )
    return {"reference/index.md": index, **dict(made)}
