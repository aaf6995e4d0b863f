"""Rules about names, and the way to a service."""

from __future__ import annotations

from typing import Final

from runner.providers.rule import REMOTE, Rule, phrases

NETWORK: Final = (
    Rule(
        type="no_network",
        checks=REMOTE,
        codes=frozenset({"no_network"}),
        title="Check the network of the machine that this runs on",
        description="Nothing could be looked at from here, so nothing is known about {place}.",
        cause="The machine that this runs on has no way out; {place} may be well.",
        actions=(
            "Here: `ip route` shows whether there is a way out, `cat /etc/resolv.conf` who is asked for names",
            "In a container: it may have been started without a network (`--network none`)",
            "Run the definition again once the network is back",
        ),
    ),
    Rule(
        type="no_such_name",
        checks=REMOTE,
        codes=frozenset({"no_such_name"}),
        phrases=phrases("nxdomain"),
        title="Bring back the name {name}",
        description="Name servers say that there is no such name, so nobody gets as far as the service.",
        cause="The record of {name} was removed or never made, the name is misspelt, or its domain has expired.",
        actions=(
            "`dig {name} {record}{at}` here and `dig @1.1.1.1 {name} {record}` show whether it is missing everywhere",
            "`whois` on the domain shows whether it has expired",
            "Put the record back in the zone; a name of an inner network needs the inner name server",
        ),
    ),
    Rule(
        type="no_such_record",
        checks=frozenset({"dns"}),
        codes=frozenset({"no_such_record"}),
        title="Add the record that is missing at {name}",
        description="The name exists, and has no record of the type that was asked for.",
        cause="The record of {name} was removed, or only one of another type was made.",
        actions=(
            "`dig {name} ANY{at}` and `dig {name} CNAME{at}` show what the name has",
            "Put the record back in the zone, and look at what was changed there last",
        ),
    ),
    Rule(
        type="name_server_failed",
        checks=REMOTE,
        codes=frozenset({"server_failure"}),
        phrases=phrases("servfail", "dnssec"),
        title="Repair the zone of {name}",
        description="The name server was asked, and could not find out: this is no missing record.",
        cause="The name servers of the domain of {name} do not answer, or its DNSSEC signatures are wrong or expired.",
        actions=(
            "`dig {name} {record} +cd{at}`: an answer with `+cd` and none without means wrong DNSSEC signatures",
            "`dig {name} +trace` shows which name server along the way does not answer",
            "Mend or restart that name server, or sign the zone again",
        ),
    ),
    Rule(
        type="name_server_refused",
        checks=frozenset({"dns"}),
        codes=frozenset({"query_refused"}),
        title="Ask a name server that answers for {name}",
        description="The name server answers, and does not serve whoever asks from here.",
        cause="The server answers for its own zones or its own networks alone.",
        actions=(
            "`dig {name} {record}` without naming a server shows whether the usual one answers",
            "Allow the runner's network in the name server's settings, or name another `server` in the check",
        ),
    ),
    Rule(
        type="name_server_silent",
        checks=REMOTE,
        codes=frozenset({"no_resolver"}),
        phrases=phrases("resolver"),
        title="Get an answer from the name server for {name}",
        description="The question got no answer, so nothing is known about the name itself.",
        cause="The name server is down, or is not reached from here: a firewall, a wrong address, no network.",
        actions=(
            "`cat /etc/resolv.conf` shows who is asked here; `dig {name}{at}` and `dig @1.1.1.1 {name}` who answers",
            "Check that the name server runs, and that UDP and TCP port 53 are open on the way to it",
        ),
    ),
    Rule(
        type="name_server_cut",
        checks=frozenset({"dns"}),
        codes=frozenset({"no_tcp"}),
        title="Let the name server for {name} answer over TCP",
        description="Answers that are too long for UDP do not arrive, and to many clients the name is gone.",
        cause="The name server does not listen on TCP, or a firewall lets only UDP through.",
        actions=(
            "`dig {name} {record} +tcp{at}` shows whether it answers over TCP, and the same with `+notcp` over UDP",
            "Open TCP port 53 on the way to it, and have it listen there",
        ),
    ),
    Rule(
        type="wrong_records",
        checks=frozenset({"dns"}),
        codes=frozenset({"content"}),
        title="Correct the records of {name}",
        description="The name leads elsewhere than it should.",
        cause="The zone of {name} was changed, by mistake or by somebody who should not; or the check was forgotten.",
        actions=(
            "`dig {name} {record}{at}` and `dig {name} {record} +trace` show what is served, and by whom",
            "Look at who changed the zone last, and at the account of the registrar where nobody knows",
            "Where the answer is right, correct `expect` of the check",
        ),
    ),
    Rule(
        type="not_resolved",
        checks=REMOTE,
        codes=frozenset({"not_resolved"}),
        phrases=phrases("dns", "name resolution", "coredns"),
        title="Make the name of {place} resolve",
        description="Without an address nobody gets as far as the service.",
        cause="{host} has no address: the record or the zone is gone, or the name server does not answer.",
        actions=(
            "`dig {address}` here and `dig @1.1.1.1 {address}` outside tell a missing record from a broken name server",
            "Check that the domain has not expired and that its name servers answer",
        ),
    ),
    Rule(
        type="domain_expiring",
        phrases=phrases(
            "domain expiring",
            "domain expiry",
            "domain expires",
            "domain expire",
            "domain expiration",
            "domain registration",
        ),
        title="Renew the domain of {place}",
        description="The day it expires the name is gone: web, mail and certificates with it.",
        cause="Nobody has renewed the domain: its payment failed, or the registrar's mail goes to nobody.",
        actions=(
            "`whois` on the domain shows when it expires, and at which registrar it is",
            "Renew it there, and look at why that did not happen by itself: the payment, the address for reminders",
        ),
    ),
    Rule(
        type="interface",
        phrases=phrases(
            "receive errs",
            "transmit errs",
            "receive errors",
            "transmit errors",
            "network errors",
            "packet loss",
            "interface flapping",
            "interface down",
            "interface saturated",
            "bonding degraded",
            "link down",
        ),
        behind="machine",
        title="Look at the network interfaces of {place}",
        description="Packets get lost, so all that goes over this network is slow or breaks off.",
        cause="A cable, a plug, a port of the switch or a driver is bad, or more is sent than the line can carry.",
        actions=(
            "On {machine}: `ip -s link` shows which interface counts errors and drops, and whether it is up",
            "On {machine}: `dmesg -T | grep -iE 'link|eth|bond'` shows when it went up and down",
            "Look at the port of the switch, change cable and port; a full line needs less traffic or more width",
        ),
    ),
    Rule(
        type="connection_refused",
        checks=REMOTE,
        codes=frozenset({"connection_refused"}),
        phrases=phrases("connection refused"),
        title="Start the service behind {place}",
        description="The machine answers, and says that nothing listens on the port.",
        cause="The service on {host} is down, or listens on another port or address.",
        actions=(
            "On {machine}: `ss -ltnp` shows what listens",
            "On {machine}: `systemctl --failed` shows what has stopped; look at the end of its log, then start it",
        ),
    ),
    Rule(
        type="timed_out",
        checks=REMOTE,
        codes=frozenset({"timed_out"}),
        phrases=phrases("timeout", "timed out", "timeouts"),
        title="Find out what keeps {place} from answering",
        description="Nothing came back in time, not even a refusal.",
        cause="{host} is overloaded or hangs, or packets to it are dropped on the way (firewall, route).",
        actions=(
            "`ping -c 3 {address}` and `nc -vz {address} {port}`: where all is silent the network drops the packets",
            "Look at what changed in firewalls, security groups and routes",
            "Where the machine can be entered, look at its load and at the service's worker and connection limits",
        ),
    ),
    Rule(
        type="unreachable",
        checks=REMOTE,
        codes=frozenset({"unreachable"}),
        phrases=phrases("unreachable", "no route"),
        unless=frozenset({"kube", "kubernetes"}),
        title="Restore the way to {place}",
        description="There is no route that leads there.",
        cause="The network between here and {host} is interrupted, or the machine is off.",
        actions=(
            "`traceroute {address}` shows where the way ends, `ip route` here whether there is one to begin with",
            "Check that the machine is on",
        ),
    ),
    Rule(
        type="proxy",
        checks=REMOTE,
        codes=frozenset({"proxy"}),
        title="Mend the way through the proxy",
        description="The proxy in between does not let the question through, so nothing is known about {place}.",
        cause=(
            "The proxy that this machine is told to use is down, wants a login, does not allow this address, or does"
            " not reach {host} itself."
        ),
        actions=(
            "Here: `env | grep -i _proxy` shows which proxy is used, and what goes around it (`no_proxy`)",
            "Look at the proxy itself: does it run, does it know this machine, does it allow {host}",
        ),
    ),
    Rule(
        type="connection_lost",
        checks=REMOTE,
        codes=frozenset({"connection_lost"}),
        title="Find out what makes {place} hang up",
        description="The connection was taken and broken before the answer was complete.",
        cause="The service on {host} crashes on requests, or something in front of it cuts them off.",
        actions=(
            "Look at the service's log for crashes and restarts at this time",
            "Look at the limits of proxies and load balancers in front of it",
        ),
    ),
)
