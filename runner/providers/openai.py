"""OpenAI's Chat Completions, and every server that speaks the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

from annotated_types import Interval, MinLen

from runner.doors.effect import Effect
from runner.doors.request import Request, target_of
from runner.doors.status import is_success, is_transient, phrase, retry_after
from runner.errors import NodeError, TimedOut
from runner.facts import gather
from runner.providers.prompt import ANSWER_SCHEMA, FORM_IN_WORDS, INSTRUCTIONS, prompt_of
from runner.providers.words import answer_of, plain, unusable
from runner.records import record
from runner.scope import Variable
from runner.secrets import Sealed, Secret, reveal, secrets_in
from runner.spec import FilledText, Template, Url

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.doors.request import Response, Sealable
    from runner.facts import Facts
    from runner.providers.base import Answer
    from runner.providers.prompt import Prompt
    from runner.scope import Scope

OPENAI: Final = "https://api.openai.com/v1"
_OWN_HOST: Final = "api.openai.com"
KEY: Final = "OPENAI_API_KEY"
_PATH: Final = "/chat/completions"
_SAID: Final = 200
"""Characters of a server's own words in a message."""
_NOT_ADMITTED: Final = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
_NOT_UNDERSTOOD: Final = frozenset(
    {
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNPROCESSABLE_ENTITY,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.NOT_IMPLEMENTED,
    }
)
_CUT_OFF: Final = {
    "length": "the answer was cut off: it takes more tokens than are allowed",
    "content_filter": "the answer was cut off by the server's content filter",
}
"""Reasons to finish that leave half an answer."""


_FORM: Final = {
    "type": "json_schema",
    "json_schema": {"name": "analysis", "strict": True, "schema": ANSWER_SCHEMA},
}
_OF_FORM: Final = ("response_format", "json_schema", "structured output")
"""Words of a server that does not know how to keep to a form."""


@record
class OpenAI:
    """A language model behind OpenAI's Chat Completions, at OpenAI or at any server that speaks the same.

    A server that cannot keep an answer to a JSON Schema (`response_format`) is asked again with the schema in words.
    It is sent what is known (alerts, checks, failed nodes, what the local rules say of them) with secrets masked, and
    only its words are taken: facts decide the severity, and evidence that it made up is dropped.
    """

    type: ClassVar[str] = "openai"
    variables: ClassVar[Mapping[str, str]] = {"api_key": KEY}
    """The environment variable that stands in for an option that is not given, by option."""

    model: Annotated[str, MinLen(1)] = "gpt-4o-mini"
    """The model that is asked."""
    base_url: Url = OPENAI
    """The address of the API, without `/chat/completions`; parameters behind a `?` stay behind it."""
    api_key: FilledText | None = None
    """The key, always a secret; by default `OPENAI_API_KEY`. For a server that wants none, any text will do."""
    max_tokens: Annotated[int, Interval(ge=1)] | None = None
    """Tokens that an answer may take; the server's own limit by default."""
    temperature: Annotated[float, Interval(ge=0, le=2)] | None = None
    """How freely words are chosen, from 0 to 2; the server's own by default."""

    def analyse(self, facts: Facts, scope: Scope) -> Answer:
        """Ask the model.

        Raises `NodeError`: what the HTTP door raises, `not_configured` without a key, `provider_status` where the
        server refuses, `provider_answer` where the answer cannot be used.
        """
        key = next(iter(self.secrets()), None) or scope.variables.get(KEY)
        if key is None:
            msg = f"there is no api_key: set it in config or as {KEY}"
            raise NodeError(msg, code="not_configured")
        prompt = prompt_of(facts, scope.masker)
        response = self._asked(prompt, key, scope)
        if _refuses_form(response):
            response = self._asked(prompt, key, scope, worded=True)
        where = target_of(self.base_url).called
        if not is_success(response.status):
            raise _refusal(response, where, key)
        return _answer(response, prompt, self.model, where)

    def describe(self, scope: Scope) -> str:
        """Say how much would be sent where."""
        size = len(self._body(prompt_of(gather(scope), scope.masker)))
        return f"{size:,} bytes to {target_of(self.base_url).called} for {self.model}"

    def needs(self) -> tuple[Variable, ...]:
        """Name the variable of the key where it is not given."""
        return () if self.api_key else (Variable(name=KEY, required=True, needed_for="api_key of openai"),)

    def secrets(self) -> tuple[Secret, ...]:
        """Return the key where it is given."""
        if not self.api_key or isinstance(self.api_key, Template):
            return ()
        return (self.api_key if isinstance(self.api_key, Secret) else Secret("api_key", reveal(self.api_key)),)

    def _asked(self, prompt: Prompt, key: Secret, scope: Scope, *, worded: bool = False) -> Response:
        """Ask once; `worded`: with the form of the answer told in words."""
        request = Request(
            method="POST",
            url=self._url(),
            headers={"Authorization": Sealed(("Bearer ", key)), "Content-Type": "application/json"},
            body=self._body(prompt, worded=worded),
            trusted=scope.trusts(self.base_url),
        )
        # A POST, but one that leaves nothing behind: asked twice, nothing has happened twice.
        try:
            return scope.doors.http.send(request, scope.deadline, effect=Effect.READ)
        except TimedOut as error:
            raise TimedOut(f"{error.message} ({target_of(self.base_url).called})") from error

    def _url(self) -> Sealable:
        address, question, query = reveal(self.base_url).partition("?")
        if isinstance(self.base_url, str):
            return f"{address.rstrip('/')}{_PATH}{question}{query}"
        if question:
            return Secret(next(secrets_in(self.base_url)).name, f"{address.rstrip('/')}{_PATH}{question}{query}")
        return Sealed((*self.base_url.parts, _PATH.removeprefix("/" * address.endswith("/"))))

    def _body(self, prompt: Prompt, *, worded: bool = False) -> bytes:
        # OpenAI itself has renamed max_tokens and refuses the old name for newer models; most others know only that.
        limit = "max_completion_tokens" if target_of(self.base_url).host == _OWN_HOST else "max_tokens"
        options = {limit: self.max_tokens, "temperature": self.temperature}
        body = {
            "model": self.model,
            "messages": [
                {"role": "system", "content": INSTRUCTIONS + FORM_IN_WORDS if worded else INSTRUCTIONS},
                {"role": "user", "content": prompt.text},
            ],
            **({} if worded else {"response_format": _FORM}),
            **{name: value for name, value in options.items() if value is not None},
        }
        return json.dumps(body, ensure_ascii=False).encode()


def _refuses_form(response: Response) -> bool:
    """Say whether a server would have nothing but the form of the answer."""
    said = response.body.decode(errors="replace").lower()
    return response.status in _NOT_UNDERSTOOD and any(words in said for words in _OF_FORM)


def _refusal(response: Response, where: str, key: Secret) -> NodeError:
    """Say what the server answered, in its own words where there are some, and what to look at."""
    kind, said = _complaint(response)
    words = f": {said}" if said else ""
    hint = f" — check {key.name}" if response.status in _NOT_ADMITTED else ""
    return NodeError(
        f"{where} answered {phrase(response.status)}{words}{hint}",
        code="provider_status",
        # No credit left comes as 429, too, and does not come back by waiting.
        retryable=is_transient(response.status) and kind != "insufficient_quota",
        retry_after=retry_after(response),
    )


def _complaint(response: Response) -> tuple[str, str]:
    """Return the code and the words of an error; the body as it is where it has another form."""
    match _tree(response):
        case {"error": {"message": str(message), "code": str(code)}}:
            return code, plain(message, _SAID)
        case {"error": {"message": str(message)}} | {"error": str(message)}:
            return "", plain(message, _SAID)
        case _:
            return "", plain(response.body.decode(errors="replace"), _SAID)


def _answer(response: Response, prompt: Prompt, model: str, where: str) -> Answer:
    if response.truncated:
        raise unusable(f"the answer is larger than {len(response.body):,} bytes")
    tree = _tree(response)
    match tree:
        case {"choices": [{"finish_reason": "length" | "content_filter" as reason}, *_]}:
            raise unusable(_CUT_OFF[reason])
        case {"choices": [{"message": {"refusal": str(refusal)}}, *_]} if refusal:
            raise unusable(f"the model refused: {plain(refusal, _SAID)}")
        case {"choices": [{"message": {"content": str(content)}}, *_]}:
            answered = tree.get("model")
            usage = _usage(tree.get("usage"))
            return answer_of(
                content, prompt.quotes, model=answered if isinstance(answered, str) else model, usage=usage
            )
        case {"error": dict() | str()}:
            raise unusable(f"{where} answered with an error: {_complaint(response)[1]}")
        case _:
            raise unusable("the answer is no chat completion")


def _tree(response: Response) -> Any:  # noqa: ANN401 - JSON from outside
    """Return the JSON of an answer; None where it is none."""
    try:
        return json.loads(response.body)
    except (ValueError, RecursionError):
        return None


def _usage(sent: object) -> Mapping[str, object]:
    """Return the tokens as the server counted them, None for what it did not count."""
    counts = sent if isinstance(sent, dict) else {}
    found = {"input_tokens": counts.get("prompt_tokens"), "output_tokens": counts.get("completion_tokens")}
    return {name: count if type(count) is int else None for name, count in found.items()}
