"""Mail, by any server that takes it over SMTP."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - read by pydantic
from typing import TYPE_CHECKING, Annotated, ClassVar, Final, TypeAlias

from annotated_types import Interval

from runner.channels.mail import Mail
from runner.channels.mail_server import PORT, TLS_PORT, Place, read_place
from runner.channels.mailbox import distinct, mailboxes
from runner.channels.model import Channel, credentials
from runner.doors.mail import Login, MailServer, Privacy
from runner.errors import NodeError
from runner.records import record
from runner.secrets import Sealed, Secret, reveal, secrets_in
from runner.spec import FilledText, Invalid, ReadBy, Template, described, filled_text

if TYPE_CHECKING:
    from runner.channels.mailbox import Mailbox
    from runner.channels.message import Message
    from runner.channels.model import Sealable
    from runner.scope import Scope

_HINT: Final = 'write it like "ops@example.org", and several with commas between them'


def _read_addresses(value: object) -> str | Secret | Sealed | tuple[str | Secret | Sealed, ...]:
    """Read one text of addresses or a list of them; what is known already must be addresses."""
    if not isinstance(value, list):
        return _checked(value)
    if not value:
        msg = "expected at least one address"
        raise Invalid(msg, _HINT)
    found = []
    for place, item in enumerate(value):
        try:
            found.append(_checked(item))
        except Invalid as error:
            raise Invalid(error.sentence, error.hint, code=error.code, at=(place,)) from None
    return tuple(found)


def _read_sender(value: object) -> str | Secret | Sealed:
    """Read the address of one sender."""
    return _checked(value, alone=True)


def _checked(value: object, *, alone: bool = False) -> str | Secret | Sealed:
    """Return a text; one that is known already must hold addresses."""
    text = filled_text(value)
    if not isinstance(text, str) or isinstance(text, Template):
        return text
    try:
        count = len(mailboxes(text))
    except ValueError as error:
        raise Invalid(f"{described(str(error))} is no mail address", _HINT) from None
    if count == 0 or (alone and count > 1):
        msg = f"expected {'one address' if alone else 'an address'}, got {count or 'none'}"
        raise Invalid(msg, _HINT)
    return text


def _read_host(value: object) -> str | Secret | Sealed:
    """Read a host or a URL."""
    text = filled_text(value)
    if isinstance(text, str) and not isinstance(text, Template):
        try:
            read_place(text)
        except ValueError as error:
            sentence, _, hint = str(error).partition(": ")
            raise Invalid(f"this {sentence}", hint) from None
    return text


_TEXT: Final = {"type": "string", "minLength": 1}
Host: TypeAlias = Annotated[str | Secret | Sealed, ReadBy(_read_host, _TEXT)]
Sender: TypeAlias = Annotated[str | Secret | Sealed, ReadBy(_read_sender, _TEXT)]
Recipients: TypeAlias = Annotated[
    str | Secret | Sealed | tuple[str | Secret | Sealed, ...],
    ReadBy(_read_addresses, {"anyOf": [_TEXT, {"type": "array", "items": _TEXT, "minItems": 1}]}),
]


@record
class Email(Channel):
    """Sends a mail with a text part and an HTML part; those about one incident are one conversation.

    A server that takes mail for some of the recipients gets it for them, and the rest are named.
    """

    driver: ClassVar[str] = "email"
    variables: ClassVar[Mapping[str, str]] = {
        "smtp_host": "SMTP_URL",
        "from_address": "SMTP_FROM",
        "to_addresses": "SMTP_TO",
    }
    required: ClassVar[tuple[str, ...]] = ("smtp_host", "from_address", "to_addresses")

    smtp_host: Host | None = None
    """A name or an address, or a URL with all that the next options say: `smtp://user:password@mail.example:587`,
    `smtps://…:465` for TLS from the first byte, `?tls=no` to do without. What stands here as an option wins."""
    smtp_port: Annotated[int, Interval(ge=1, le=65535)] | None = None
    """587 by default, 465 with `use_ssl`."""
    use_tls: bool | None = None
    """Go on in TLS once connected (STARTTLS), and send nothing where the server cannot; true by default."""
    use_ssl: bool | None = None
    """TLS from the first byte."""
    username: FilledText | None = None
    """Who logs in; nobody by default."""
    password: FilledText | None = None
    """Always a secret; sent over TLS alone, or to this machine."""
    from_address: Sender | None = None
    """An address, `ops@example.org`, or a name with the address behind it in angle brackets."""
    to_addresses: Recipients | None = None
    """A list, or one text with commas between them."""

    def __post_init__(self) -> None:
        """Refuse options that contradict each other."""
        if self.use_tls is True and self.use_ssl is True:
            msg = "use_tls goes on in TLS once connected, and use_ssl begins with it"
            raise Invalid(msg, "keep one of them", code="E208", at=("use_ssl",))
        own_host = isinstance(self.smtp_host, str) and not isinstance(self.smtp_host, Template)
        if own_host and "://" not in str(self.smtp_host) and bool(self.username) != bool(self.password):
            given, lacking = ("username", "password") if self.username else ("password", "username")
            msg = f"{given} is given, and no {lacking}"
            raise Invalid(msg, f"add the {lacking}, or log in with neither", code="E201", at=(given,))

    def secrets(self) -> tuple[Secret, ...]:
        """Return the password, and a URL that holds one."""
        found = credentials({"password": self.password})
        place = self.smtp_host
        if place is None or isinstance(place, Template) or "://" not in reveal(place):
            return tuple(found.values())
        whole = credentials({"smtp_host": place})["smtp_host"]
        try:
            password = read_place(reveal(place)).password
        except ValueError:
            password = None
        return (*found.values(), whole, *([Secret(whole.name, password)] if password else []))

    def check(self) -> None:
        """Look at the server, the login and the addresses."""
        self._server()
        self._addresses()

    def compose(self, message: Message, scope: Scope) -> Mail:  # noqa: ARG002 - every channel has it
        """Write the mail."""
        from runner.channels.letter import letter  # noqa: PLC0415 - 15 ms that only a mail pays

        server = self._server()
        sender, recipients = self._addresses()
        return Mail(
            server=server,
            named=self.smtp_host or "",
            shown=(str(self.from_address), ", ".join(map(str, self._recipients))),
            letter=letter(message, sender, recipients),
        )

    @property
    def _recipients(self) -> tuple[Sealable, ...]:
        """Those that are given, each of which may hold several."""
        return self.to_addresses if isinstance(self.to_addresses, tuple) else (self.to_addresses or "",)

    def _addresses(self) -> tuple[Mailbox, tuple[Mailbox, ...]]:
        """Read who sends it, and who is to get it."""
        senders = _mailboxes("from_address", self.from_address or "")
        if len(senders) > 1:
            msg = f"{_called('from_address', self.from_address or '')} holds more than one address"
            raise NodeError(msg, code="bad_address")
        return senders[0], distinct(one for item in self._recipients for one in _mailboxes("to_addresses", item))

    def _server(self) -> MailServer:
        """Put together what the URL and the options say; an option wins."""
        called = _called("smtp_host", self.smtp_host or "")
        try:
            place = read_place(reveal(self.smtp_host or ""))
        except ValueError as error:
            raise NodeError(f"{called} {error}", code="bad_url") from None
        begins_with_tls = bool(place.ssl and self.use_tls is not True) if self.use_ssl is None else self.use_ssl
        goes_on_in_tls = place.tls is not False if self.use_tls is None else self.use_tls
        later = Privacy.STARTTLS if goes_on_in_tls else Privacy.NONE
        return MailServer(
            host=place.host,
            port=self.smtp_port or place.port or (TLS_PORT if begins_with_tls else PORT),
            privacy=Privacy.TLS if begins_with_tls else later,
            login=self._login(place, called),
        )

    def _login(self, place: Place, called: str) -> Login | None:
        username = reveal(self.username) if self.username else place.username
        password = self.password or (Secret(called, place.password) if place.password else None)
        if bool(username) != bool(password):
            given, lacking = ("username", "password") if username else ("password", "username")
            raise NodeError(f"the email channel has a {given} and no {lacking}", code="not_configured")
        if not username or not password:
            return None
        own = self.username or self.password
        secret = credentials({"password": password})["password"]
        return Login(username=username, password=secret, called="username and password" if own else called)


def _called(option: str, value: Sealable) -> str:
    """Return what messages call a value: the secret that it is, else its option."""
    return next((secret.name for secret in secrets_in(value)), option)


def _mailboxes(option: str, value: Sealable) -> tuple[Mailbox, ...]:
    """Read addresses; raise `NodeError` (`bad_address`) without showing what may be secret."""
    try:
        found = mailboxes(reveal(value))
    except ValueError as error:
        shown = f'holds "{error}", which is' if isinstance(value, str) else "holds what is"
        raise NodeError(f"{_called(option, value)} {shown} no mail address: {_HINT}", code="bad_address") from None
    if not found:
        raise NodeError(f"{_called(option, value)} holds no address: {_HINT}", code="bad_address")
    return found
