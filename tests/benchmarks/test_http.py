"""How fast HTTP checks go beside the least that Python can do for the same requests."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.benchmarks.conftest import Bench

pytestmark = pytest.mark.benchmark

REQUESTS = 200
THREADS = 10
SHARE = 0.6

SERVER = """
import asyncio

async def answer(reader, writer):
    try:
        while await reader.readuntil(b"\\r\\n\\r\\n"):
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 2\\r\\n\\r\\nok")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()

async def main():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"""

POOL = """
import sys, threading
from concurrent.futures import ThreadPoolExecutor
import requests

own = threading.local()

def get(number):
    if not hasattr(own, "session"):
        own.session = requests.Session()
        own.session.trust_env = False
    answer = own.session.get(f"http://127.0.0.1:{sys.argv[1]}/{number}", timeout=10)
    assert answer.status_code == 200 and answer.text == "ok"

with ThreadPoolExecutor(int(sys.argv[3])) as pool:
    list(pool.map(get, range(int(sys.argv[2]))))
"""


@pytest.fixture
def port() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        yield int(server.stdout.readline())
        server.terminate()


def definition(port: int, checks: int) -> str:
    listed = [{"type": "http", "name": f"c{one}", "url": f"http://127.0.0.1:{port}/{one}"} for one in range(checks)]
    node = {"id": "probe", "type": "context", "config": {"checks": listed, "concurrency": THREADS}}
    return json.dumps({"version": "1.0", "nodes": [node]})


def test_http_checks_reach_a_good_part_of_the_rate_of_a_bare_pool(bench: Bench, port: int) -> None:
    commands: dict[str, tuple[str, ...]] = {}
    for count in (1, REQUESTS):
        (bench.folder / f"{count}.json").write_text(definition(port, count))
        commands[f"pool of sessions, {count} GET"] = (sys.executable, "-c", POOL, str(port), str(count), str(THREADS))
        commands[f"run, {count} http checks"] = bench.runner("--config", f"{count}.json")
    bare_one, run_one, bare, run = bench.measure(commands, rounds=9)
    for timing, other in ((bare_one, None), (run_one, bare_one), (bare, None)):
        bench.row(timing, than=other)
    bench.row(run, than=bare, target=f"<= {1 / SHARE:.2f}")
    ours, theirs = (REQUESTS - 1) / (run.best - run_one.best), (REQUESTS - 1) / (bare.best - bare_one.best)
    claim = f"{ours:.0f} checks a second beside {theirs:.0f} bare requests, the start left out: {ours / theirs:.2f}"
    bench.note(claim, f">= {SHARE}")
    assert run.ratio_to(bare) <= 1 / SHARE
    assert ours / theirs >= SHARE
