"""The doors of a real run, each made when it is first used: most runs need few."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.deadline import Deadline
    from runner.doors.dns import Dns
    from runner.doors.files import Files
    from runner.doors.http import Http
    from runner.doors.net import Net
    from runner.doors.process import Processes
    from runner.doors.smtp import Smtp
    from runner.doors.sql import Sql
    from runner.doors.tls import Tls

_CA_BUNDLES: Final = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


class Doors:
    """What nodes reach the world through; each door is made when it is first used, since most runs need few.

    Proxies and CA bundle are read from the environment that is handed in.
    """

    def __init__(self, environ: Mapping[str, str], *, programs: bool = True) -> None:
        self._environ = environ
        self._programs = programs

    @cached_property
    def net(self) -> Net:
        """Resolves names and connects."""
        from runner.doors.net import Net  # noqa: PLC0415 - a door is made when it is first used

        return Net(finds=self._finds)

    @cached_property
    def http(self) -> Http:
        """Sends requests."""
        from runner.doors.http import Http  # noqa: PLC0415 - a door is made when it is first used
        from runner.doors.proxies import Proxies  # noqa: PLC0415 - a door is made when it is first used

        return Http(net=self.net, proxies=Proxies.read(self._environ), ca_bundle=self._ca_bundle)

    @cached_property
    def tls(self) -> Tls:
        """Shakes hands."""
        from runner.doors.proxies import Proxies  # noqa: PLC0415 - a door is made when it is first used
        from runner.doors.tls import Tls  # noqa: PLC0415 - a door is made when it is first used

        return Tls(net=self.net, proxies=Proxies.read(self._environ), ca_bundle=self._ca_bundle)

    @cached_property
    def dns(self) -> Dns:
        """Asks name servers."""
        from runner.doors.dns import Dns  # noqa: PLC0415 - a door is made when it is first used

        return Dns(net=self.net)

    @cached_property
    def smtp(self) -> Smtp:
        """Hands mail in."""
        from runner.doors.smtp import Smtp  # noqa: PLC0415 - a door is made when it is first used

        return Smtp(net=self.net, ca_bundle=self._ca_bundle)

    @cached_property
    def sql(self) -> Sql:
        """Connects to database servers."""
        from runner.doors.sql import Sql  # noqa: PLC0415 - a door is made when it is first used

        return Sql(net=self.net, ca_bundle=self._ca_bundle)

    @cached_property
    def processes(self) -> Processes:
        """Starts programs."""
        from runner.doors.process import NoProcesses, Processes  # noqa: PLC0415 - a door is made when it is first used

        return Processes() if self._programs else NoProcesses()

    @cached_property
    def files(self) -> Files:
        """Reads and writes files."""
        from runner.doors.files import Files  # noqa: PLC0415 - a door is made when it is first used

        return Files()

    def _finds(self, deadline: Deadline) -> bool:
        """Say whether a name server finds anything; that door is made only where somebody asks."""
        return self.dns.finds(deadline)

    @property
    def _ca_bundle(self) -> str:
        return next((self._environ[name] for name in _CA_BUNDLES if self._environ.get(name)), "")
