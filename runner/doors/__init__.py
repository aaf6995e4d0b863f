"""The only ways out: network, HTTP, processes and files. Every call takes a deadline; a dry run gets shut doors."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from runner.doors.effect import Effect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.doors.files import Files
    from runner.doors.http import Http
    from runner.doors.net import Net
    from runner.doors.process import Processes

__all__ = ["Doors", "Effect", "open_doors", "shut_doors"]

_CA_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Doors:
    """What nodes reach the world through; each door is made when it is first used, since most runs need few.

    Proxies and CA bundle are read from the environment that is handed in.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    @cached_property
    def net(self) -> Net:
        """Resolves names and connects."""
        from runner.doors.net import Net  # noqa: PLC0415 - a door is made when it is first used

        return Net()

    @cached_property
    def http(self) -> Http:
        """Sends requests."""
        from runner.doors.http import Http  # noqa: PLC0415 - a door is made when it is first used
        from runner.doors.net import Proxies  # noqa: PLC0415 - a door is made when it is first used

        ca_bundle = next((self._environ[name] for name in _CA_BUNDLES if self._environ.get(name)), "")
        return Http(net=self.net, proxies=Proxies.read(self._environ), ca_bundle=ca_bundle)

    @cached_property
    def processes(self) -> Processes:
        """Starts programs."""
        from runner.doors.process import Processes  # noqa: PLC0415 - a door is made when it is first used

        return Processes()

    @cached_property
    def files(self) -> Files:
        """Reads and writes files."""
        from runner.doors.files import Files  # noqa: PLC0415 - a door is made when it is first used

        return Files()


def open_doors(environ: Mapping[str, str]) -> Doors:
    """Return doors that lead out."""
    return Doors(environ)


def shut_doors() -> Doors:
    """Return doors for a dry run: whatever would reach the world raises `ForbiddenEffect`; files may be read."""
    from runner.doors.shut import ShutDoors  # noqa: PLC0415 - only in a dry run

    return ShutDoors({})
