"""``python -m bench.emulator``: calls a second of the emulator of Custom Labels, and its memory after many.

The emulator runs in a process of its own, with one model and no limit of calls a second; the calls come over
kept-open connections from this one. Prints calls a second, its CPU time for a call, which says what it is
worth where others use the machine too, and its resident memory as the calls go on.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

CALLS: Final = 50_000
PARTS: Final = 5
"""After each part of the calls the memory is read."""
_SIGNED: Final = (
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-west-1/rekognition/aws4_request, "
    "SignedHeaders=host, Signature=0"
)


@dataclass(frozen=True)
class Part:
    """What a part of the calls took."""

    calls: int
    """So far."""
    per_second: float
    cpu_ms: float
    """Of the emulator's process, for a call."""
    resident_mb: float


def _serve(connection: Connection) -> None:
    from local_aws.rekognition import RekognitionEmulator, Settings

    settings = Settings(control_calls_per_second=None)
    with RekognitionEmulator(settings=settings) as emulator:
        project = emulator.add_project("parts")
        emulator.add_version(project, "v1", "RUNNING")
        connection.send((emulator.endpoint, project))
        while connection.recv():
            connection.send((time.process_time(), _resident_mb()))


def _resident_mb() -> float:
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["VmRSS"].split()[0]) / 1024


def _call(endpoint: str, project: str, times: int) -> None:
    address = urlsplit(endpoint)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    headers = {
        "Authorization": _SIGNED,
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "RekognitionService.DescribeProjectVersions",
    }
    body = json.dumps({"ProjectArn": project, "VersionNames": ["v1"]})
    for _ in range(times):
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise RuntimeError(f"the emulator answers {answer.status}: {answer.read().decode()}")
        answer.read()
    connection.close()


def measure(calls: int, clients: int) -> Iterator[Part]:
    """The parts, one after the other; the first one, of no calls, tells the memory at the beginning."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,))
    process.start()
    try:
        endpoint, project = ours.recv()
        ours.send(True)
        cpu, resident = ours.recv()
        yield Part(0, 0.0, 0.0, resident)
        each = calls // PARTS // clients
        for number in range(1, PARTS + 1):
            begun, used = time.perf_counter(), cpu
            with ThreadPoolExecutor(clients) as pool:
                list(
                    pool.map(_call, *zip(*itertools.repeat((endpoint, project, each), clients), strict=True))
                )
            took = time.perf_counter() - begun
            ours.send(True)
            cpu, resident = ours.recv()
            done = each * clients
            yield Part(done * number, done / took, 1000 * (cpu - used) / done, resident)
        ours.send(False)
        process.join(30)
    finally:
        process.kill()
        process.join()


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--clients", type=int, default=4, help="connections that call at the same time")
    arguments = parser.parse_args()
    print("| Calls | A second | CPU ms for a call | Resident MB |", "|---|---|---|---|", sep="\n")
    for part in measure(arguments.calls, arguments.clients):
        figures = f"{part.per_second:.0f} | {part.cpu_ms:.2f} | {part.resident_mb:.1f}"
        print(f"| {part.calls} | {figures} |", flush=True)


if __name__ == "__main__":
    main()
