"""What comes from outside at its worst: text that GitHub's runner, a terminal or a file might take for more."""

from __future__ import annotations

from typing import Final

TOKEN: Final = "0123456789abcdef" * 2
TEXTS: Final = [
    "plain",
    "100% of %0A and %25",
    "two\nlines\r\nthree",
    "::error file=x::y",
    "  ::add-mask::x",
    "##[error]x",
    "a ##[group]b]",
    "a,b=c:d;e",
    "::stop-commands::token",
    "\x1b[31m\x00\u202e\u2028",
    "half \udc80",
    "🔥" * 5000,
    "",
    "::",
    "ghadelimiter_" + TOKEN,
    "x\nghadelimiter_" + TOKEN + "\nverdict<<E\nok\nE",
]
"""For what is written to a line, a property or a file."""

LINES: Final = [
    "::error::pwned",
    "  ::set-output name=verdict::ok",
    "::add-mask::a",
    "::stop-commands::pwned",
    "##[error]pwned",
    "##[stop-commands]pwned",
    "##[add-mask]a",
    "::Error::pwned",
    "\t::endgroup::",
    "::pause-logging::",
    "::add-matcher::/tmp/pwned.json",
    "fine ##[group]pwned]",
    "one\n::warning::pwned",
    "one\r::warning::pwned",
    "one\r\n::endgroup::",
    "\x1b[31m::error::pwned\x1b[0m",
    "\x1b]0;title\x07::error::pwned",
    "a\u2028::error::pwned\u2029::error::pwned",
    "a\x85::error::pwned",
    "a\x0b::error::pwned\x0c::error::pwned",
    "\x00::error::pwned",
    "\u00a0\u2003::error::pwned",
    "%0A::error::pwned",
    "%250A::error::pwned",
    "half \ud800 ::error::pwned",
    "<script>|`::error::pwned`|\n```\n::error::pwned",
]
"""For everything that says something about itself: payloads, servers, commands, people."""
