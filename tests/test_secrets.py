from __future__ import annotations

import base64
import html
import json
import time
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from runner.secrets import (
    SHORTEST_MASKED,
    Foreign,
    Masker,
    Sealed,
    Secret,
    foreign,
    is_foreign,
    reveal,
    reveal_tree,
    secrets_in,
)
from runner.spellings import spellings

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = Secret("TOKEN", "hunter2-hunter2")
KEY = Secret("KEY", "correct horse")
BEARER = Sealed(("Bearer ", TOKEN))


# --- the type --------------------------------------------------------------------------------------


@pytest.mark.parametrize("write", [str, repr, "{}".format, "{!r}".format, lambda one: f"{one}", lambda one: f"{[one]}"])
@pytest.mark.parametrize("sealed", [TOKEN, BEARER], ids=["secret", "sealed"])
def test_a_secret_never_formats_as_its_value(write: Callable[[object], str], sealed: object) -> None:
    assert "hunter2" not in write(sealed)


def test_a_secret_formats_as_its_name() -> None:
    assert str(TOKEN) == "«TOKEN»"
    assert str(BEARER) == "Bearer «TOKEN»"


def test_only_reveal_opens_a_secret() -> None:
    assert reveal(TOKEN) == "hunter2-hunter2"
    assert reveal(BEARER) == "Bearer hunter2-hunter2"
    assert reveal("plain") == "plain"


def test_text_that_looks_like_a_secret_is_never_opened() -> None:
    assert reveal(Sealed(("«TOKEN» ", TOKEN))) == "«TOKEN» hunter2-hunter2"
    assert reveal_tree({"a": "«TOKEN»"}) == {"a": "«TOKEN»"}


def test_a_tree_is_opened_and_searched_at_every_depth() -> None:
    tree = {"a": [TOKEN, {"b": (BEARER, 1, None)}], "c": KEY, "d": "text"}
    assert reveal_tree(tree) == {
        "a": ["hunter2-hunter2", {"b": ["Bearer hunter2-hunter2", 1, None]}],
        "c": "correct horse",
        "d": "text",
    }
    assert list(secrets_in(tree)) == [TOKEN, TOKEN, KEY]


# --- text from outside -----------------------------------------------------------------------------


def test_text_from_a_payload_is_marked_at_every_depth() -> None:
    marked = foreign({"a": ["x", 1, {"b": ("y", None)}]})
    assert marked == {"a": ["x", 1, {"b": ["y", None]}]}
    assert isinstance(marked, dict)
    assert all(isinstance(text, Foreign) for text in (marked["a"][0], marked["a"][2]["b"][0]))


def test_a_secret_beside_text_from_a_payload_stays_a_secret() -> None:
    marked = foreign(Sealed(("http://", KEY)))
    assert isinstance(marked, Sealed)
    assert is_foreign(marked)
    assert str(marked) == "http://«KEY»"
    assert foreign(TOKEN) is TOKEN


@pytest.mark.parametrize(
    ("text", "outside"),
    [
        ("mine", False),
        (Foreign("theirs"), True),
        (TOKEN, False),
        (Secret("X", Foreign("theirs")), True),
        (Sealed(("mine", TOKEN)), False),
        (Sealed((Foreign("theirs"), TOKEN)), True),
    ],
    ids=["text", "foreign", "secret", "foreign secret", "sealed", "partly foreign"],
)
def test_a_part_from_outside_makes_the_whole_foreign(text: str | Secret | Sealed, outside: bool) -> None:
    assert is_foreign(text) is outside


# --- the masker ------------------------------------------------------------------------------------

FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "URL": lambda text: quote(text, safe=""),
    "URL path": quote,
    "form": quote_plus,
    "URL in small letters": lambda text: _small(quote(text, safe="")),
    "form in small letters": lambda text: _small(quote_plus(text)),
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON with escaped slashes": lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    "JSON of Go": lambda text: json.dumps(text, ensure_ascii=False)[1:-1].translate(
        {60: r"\u003c", 62: r"\u003e", 38: r"\u0026"}
    ),
    "HTML": html.escape,
    "HTML text": lambda text: html.escape(text, quote=False),
    "HTML with decimal quotes": lambda text: html.escape(text).replace("&#x27;", "&#39;"),
    "HTML of Go": lambda text: html.escape(text).replace("&#x27;", "&#39;").replace("&quot;", "&#34;"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64 at 1": lambda text: base64.b64encode(b"x" + text.encode() + b"yz").decode(),
    "base64 at 2": lambda text: base64.b64encode(b"xx" + text.encode() + b"y").decode(),
    "base64 of a pair": lambda text: base64.b64encode(f"user:{text}".encode()).decode(),
    "base64 for URLs": lambda text: base64.urlsafe_b64encode(b"u:" + text.encode()).decode(),
}


def _small(text: str) -> str:
    """Write the escapes of a URL as other libraries do: `%2f`."""
    first, *rest = text.split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in rest)])


def _core(form: str, written: str) -> str:
    """Return what must not be seen of a text that was written in a form; of base64, less the ends that mix."""
    return written.rstrip("=")[4:-4] if form.startswith("base64") else written


VALUES = st.text(
    st.characters(codec="utf-8", exclude_categories=("Z", "C")) | st.sampled_from("/+&=<>'\"%\\"),
    min_size=9,
    max_size=40,
)
AROUND = st.text(st.characters(codec="utf-8"), max_size=30)


@pytest.mark.parametrize("form", FORMS)
@given(value=VALUES, before=AROUND, after=AROUND)
@example(value="p@ss/w+rd=&<é>'\"", before="", after="")
@example(value="🔥🔥🔥🔥", before="x", after="y")
def test_a_secret_is_masked_in_every_form(form: str, value: str, before: str, after: str) -> None:
    written = FORMS[form](value)
    core = _core(form, written)
    assume(core not in before + "«SECRET»" + after)
    masker = Masker([Secret("SECRET", value)])
    masked = masker.mask(before + written + after)
    assert core not in masked
    assert "«SECRET»" in masked
    assert masker.found == {"SECRET"}


def test_text_without_a_secret_stays_as_it_is() -> None:
    masker = Masker([TOKEN, KEY])
    assert masker.mask("all is well: hunter2, horse") == "all is well: hunter2, horse"
    assert masker.found == set()


def test_a_masker_without_secrets_returns_the_value_itself() -> None:
    tree = {"a": ["x"]}
    assert Masker().mask_tree(tree) is tree
    assert Masker().mask("x") == "x"


def test_the_longest_of_overlapping_secrets_is_masked_whole() -> None:
    masker = Masker([Secret("PART", "hunter2"), Secret("WHOLE", "hunter2-hunter2")])
    assert masker.mask("a hunter2-hunter2 b hunter2 c") == "a «WHOLE» b «PART» c"


def test_each_line_of_a_secret_is_masked_too() -> None:
    pem = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG\nabc\n-----END KEY-----"
    masker = Masker([Secret("PEM", pem)])
    assert masker.mask(f"it is {pem}") == "it is «PEM»"
    assert masker.mask("line 2 is MIIEvQIBADANBgkqhkiG, line 3 abc") == "line 2 is «PEM», line 3 abc"
    assert masker.mask(json.dumps(pem)) == '"«PEM»"'


@pytest.mark.parametrize("value", ["", "abc", " ab ", "\n\n\n\n\n"], ids=repr)
def test_a_value_too_short_to_be_masked_is_named(value: str) -> None:
    masker = Masker()
    assert masker.add(Secret("SHORT", value), TOKEN) == ("SHORT",)
    assert masker.mask("an abc of ab hunter2-hunter2") == "an abc of ab «TOKEN»"


def test_the_first_name_of_a_value_stays_its_name() -> None:
    masker = Masker([TOKEN])
    masker.add(Secret("api_key", "hunter2-hunter2"))
    assert masker.mask("hunter2-hunter2") == "«TOKEN»"


@pytest.mark.parametrize("kept", range(SHORTEST_MASKED, len("hunter2-hunter2")))
def test_half_a_secret_is_masked_where_a_text_was_cut_within_it(kept: int) -> None:
    masker = Masker([TOKEN, KEY])
    assert masker.mask(f"it said “{'hunter2-hunter2'[:kept]}…” twice") == "it said “«TOKEN»…” twice"
    assert masker.found == {"TOKEN"}


def test_a_text_that_was_cut_elsewhere_stays_as_it_is() -> None:
    masker = Masker([TOKEN, KEY])
    for text in ("all is well…", "hun…", "…hunter2", "… and … more", "hunter3…", "…"):
        assert masker.mask(text) == text


def test_masking_a_text_of_nothing_but_cuts_takes_no_time() -> None:
    masker = Masker([Secret("PEM", "\n".join(f"{number:064}" for number in range(50)))])
    began = time.monotonic()
    masker.mask(f"{'0' * 62}…" * 2000)
    assert time.monotonic() - began < 2


def test_secrets_are_learned_at_any_time() -> None:
    masker = Masker([TOKEN])
    masker.add(KEY)
    assert masker.mask("hunter2-hunter2, correct horse") == "«TOKEN», «KEY»"


class Word(StrEnum):
    HUNTER = "hunter2-hunter2"


def test_a_tree_is_masked_in_keys_and_values_and_other_leaves_keep_their_types() -> None:
    masked = Masker([TOKEN]).mask_tree(
        {"hunter2-hunter2": ["x hunter2-hunter2", ("hunter2-hunter2", 1.5)], "b": None, "c": True, "d": Word.HUNTER}
    )
    assert masked == {"«TOKEN»": ["x «TOKEN»", ["«TOKEN»", 1.5]], "b": None, "c": True, "d": Word.HUNTER}
    assert isinstance(masked, dict)
    assert masked["d"] is Word.HUNTER


def masked_one_by_one(masker: Masker, value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return masker.mask(value)
    if isinstance(value, dict):
        return {masker.mask(key): masked_one_by_one(masker, item) for key, item in value.items()}
    return [masked_one_by_one(masker, item) for item in value] if isinstance(value, list) else value


SOMETIMES = st.sampled_from(
    ["hunter2-hunter2", "x hunter2-hunter2", "hunter2-hun…", "…", "\0", "hunter2", "-hunter2", ""]
)
TREES = st.recursive(
    st.none() | st.integers() | SOMETIMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(SOMETIMES, inner, max_size=4),
    max_leaves=12,
)


@given(tree=TREES)
def test_a_tree_is_masked_as_its_texts_are_one_by_one(tree: object) -> None:
    one_by_one, at_once = Masker([TOKEN]), Masker([TOKEN])
    assert at_once.mask_tree([tree, tree]) == [masked_one_by_one(one_by_one, tree)] * 2
    assert at_once.found == one_by_one.found


def test_a_tree_without_a_secret_is_returned_itself() -> None:
    tree = {"a": ["x", "cut…", ("hunter", "2-hunter2")]}
    assert Masker([TOKEN]).mask_tree(tree) is tree


def test_what_is_masked_stays_masked() -> None:
    masker = Masker([TOKEN, KEY])
    once = masker.mask("a hunter2-hunter2 b correct+horse")
    assert once == "a «TOKEN» b «KEY»"
    assert masker.mask(once) == once


# --- the spellings ---------------------------------------------------------------------------------


def test_no_spelling_is_so_short_that_it_would_mask_words() -> None:
    for value in ("abcd", "a b c", "x\nab\ny" * 2, "    secret    \n ok \n"):
        assert all(len(form) >= SHORTEST_MASKED for form in spellings(value, shortest=SHORTEST_MASKED))


def test_halves_of_surrogate_pairs_have_spellings_too() -> None:
    masker = Masker([Secret("ODD", "half \udc80 pass")])
    assert masker.mask("it is half \udc80 pass.") == "it is «ODD»."
