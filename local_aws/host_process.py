"""The process that runs MiniStack and our corrections: start, health, end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local_aws.admin_client import AdminClient
from local_aws.certificate import Certificate, make_certificate
from local_aws.errors import LocalAwsError
from local_aws.worker_guard import _local_aws_time as moved_time

START_SECONDS_MAX = 60.0
"""How long MiniStack may take to answer; it takes two on an idle machine."""

_KEPT_FROM_OUTSIDE = ("PATH", "LANG", "LC_ALL", "TZ", "LD_LIBRARY_PATH", "SYSTEMROOT")


@dataclass(frozen=True)
class HostSettings:
    """What the host process needs to know before it starts."""

    account: str
    region: str
    rekognition_endpoint: str
    port: int
    """0 for any free port."""
    switches: Mapping[str, Any]
    token: str
    """What the admin paths want: see ``local_aws.door``."""
    movable_time: bool = False


class HostProcess:
    """MiniStack in a process group of its own, with a temporary folder of its own."""

    def __init__(self, settings: HostSettings) -> None:
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: Path | None = None
        self.certificate: Certificate
        self.endpoint: str
        self.admin: AdminClient

    def start(self, cancelled: threading.Event | None = None) -> None:
        """Starts the host and waits until it answers, or ``cancelled`` is set. Raises LocalAwsError; nothing
        is left behind then."""
        try:
            self._start(cancelled or threading.Event())
        except BaseException:
            self.stop()
            raise

    def _start(self, cancelled: threading.Event) -> None:
        self._folder = folder = Path(tempfile.mkdtemp(prefix="local-aws-"))
        self._make_own_home()
        moved_time.write(self._moved_time, 0.0)
        self.certificate = make_certificate(folder)
        with _listening_socket(self._settings.port) as listener:
            port = listener.getsockname()[1]
            # An address instead of a name: every SDK then puts the bucket's name into the path, not before
            # the host.
            self.endpoint = f"https://127.0.0.1:{port}"
            self.admin = AdminClient(self.endpoint, self.certificate.authority, self._settings.token)
            with self.log_file.open("wb") as log:
                # The pipe is how the host learns that this process is gone, even after a SIGKILL.
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "local_aws.ministack_host"],
                    stdin=subprocess.PIPE,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    cwd=Path(__file__).parents[1],
                    env=self._environment(folder, port),
                    pass_fds=[listener.fileno()],
                    start_new_session=True,
                )
            self._hand_down(self._process, listener.fileno(), folder)
        self._wait_until_healthy(self._process, cancelled)

    def _hand_down(self, process: subprocess.Popen[bytes], listener: int, folder: Path) -> None:
        """What the host has to know. Not in its environment, which its Lambda workers could read."""
        handed = {
            "listener": listener,
            "folder": str(folder),
            "switches": dict(self._settings.switches),
            "token": self._settings.token,
            "moved_time": str(self._moved_time) if self._settings.movable_time else None,
        }
        assert process.stdin is not None  # noqa: S101 - a pipe, see above
        with suppress(BrokenPipeError):  # it has ended already, which the wait for its health tells
            process.stdin.write(json.dumps(handed).encode() + b"\n")
            process.stdin.flush()

    def _environment(self, folder: Path, port: int) -> dict[str, str]:
        """Everything that MiniStack reads, and that the Lambda workers inherit from it."""
        temporary = folder / "tmp"
        temporary.mkdir()
        kept = {name: os.environ[name] for name in _KEPT_FROM_OUTSIDE if name in os.environ}
        return kept | {
            # A person's own ~/.aws must not reach the functions.
            "HOME": str(temporary),
            "TMPDIR": str(temporary),
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "MINISTACK_ACCOUNT_ID": self._settings.account,
            "MINISTACK_REGION": self._settings.region,
            "MINISTACK_HOST": "localhost",
            "GATEWAY_PORT": str(port),
            "BIND_HOST": "127.0.0.1",
            "AUTH": "true",
            "USE_SSL": "1",
            "MINISTACK_SSL_CERT": str(self.certificate.certificate),
            "MINISTACK_SSL_KEY": str(self.certificate.key),
            # Parts that nobody needs here, each of which takes time or a port of its own.
            "SFTP_ENABLED": "0",
            "IOT_MTLS_ENABLED": "0",
            "DOCKER_HOST": f"unix://{folder}/no-docker.sock",
            "LAMBDA_ACCOUNT_CONCURRENCY": "1000",
            "AWS_ENDPOINT_URL_REKOGNITION": self._settings.rekognition_endpoint,
            "AWS_CA_BUNDLE": str(self.certificate.authority),
            "SSL_CERT_FILE": str(self.certificate.authority),
            "NODE_EXTRA_CA_CERTS": str(self.certificate.authority),
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    @property
    def _moved_time(self) -> Path:
        """The file that tells how far the time is ahead."""
        return self._running_folder / "moved-time"

    def move_time(self, seconds: float) -> None:
        """Let the time of the host and of its workers be ahead of the machine's by so much."""
        moved_time.write(self._moved_time, seconds)

    @property
    def own_home(self) -> Path:
        """Where tools keep what they would put into a person's home: caches, and an empty configuration."""
        return self._running_folder / "home"

    def _make_own_home(self) -> None:
        self.own_home.mkdir()
        for name in ("config", "credentials"):
            (self.own_home / name).touch(mode=0o600)

    def _wait_until_healthy(self, process: subprocess.Popen[bytes], cancelled: threading.Event) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise LocalAwsError(
                    f"MiniStack ended with status {process.returncode}: {self._last_log_line()}"
                )
            if self.admin.healthy():
                return
            if cancelled.wait(0.05):
                raise LocalAwsError("ended while it started")
        raise LocalAwsError(
            f"MiniStack does not answer after {START_SECONDS_MAX:.0f} s: {self._last_log_line()}"
        )

    @property
    def log_file(self) -> Path:
        """What MiniStack and its Lambda functions print."""
        return self._running_folder / "ministack.log"

    @property
    def _running_folder(self) -> Path:
        if self._folder is None:
            raise LocalAwsError("the embedded AWS is not running")
        return self._folder

    @property
    def process_group(self) -> int:
        """The group that the host and all Lambda workers belong to."""
        if self._process is None:
            raise LocalAwsError("the embedded AWS is not running")
        return self._process.pid

    def _last_log_line(self) -> str:
        lines = self.log_file.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it printed nothing"

    def stop(self) -> None:
        """Ends the host and its Lambda workers, and removes the folder. May be called twice."""
        process, self._process = self._process, None
        if process is not None:
            # All state is in memory, so there is nothing that a gentler signal could save.
            _kill_group(process.pid)
            if process.stdin is not None:
                process.stdin.close()
            process.wait()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _listening_socket(port: int) -> socket.socket:
    """Opened here and handed down, so that nobody can take the port between the choice and the use."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        listener.close()
        raise LocalAwsError(
            f"port {port} is taken or not allowed ({error.strerror}); "
            "choose another one, or none for any free port"
        ) from error
    return listener
