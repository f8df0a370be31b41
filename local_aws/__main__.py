"""``python -m local_aws``: starts the embedded AWS for the plain ``cdk`` and ``aws`` commands, until it is
interrupted."""

from __future__ import annotations

import signal

if __name__ == "__main__":
    # Until it is ready to end in order, ctrl-C just ends it: nothing has been started by then.
    signal.signal(signal.SIGINT, signal.SIG_DFL)

import argparse
import os
import shlex
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from local_aws.door import TOKEN_HEADER
from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from local_aws import EmbeddedAws

PROJECT = "parts"
VERSIONS = ("v1", "v2")
ROOT = Path(__file__).parents[1]
TOOLS = (ROOT / "node_modules" / ".bin", ROOT / ".venv" / "bin")
"""Where ``make setup`` puts the CDK CLI and its Node."""
_ENDINGS = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until SIGINT, SIGTERM or SIGHUP; returns the exit status."""
    # A signal interrupts nothing: this thread waits for it, another one does the work and looks whether it
    # has to end. An exception out of a signal handler is lost wherever Python, or a library, ignores one.
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDINGS)
    options = _parser().parse_args(arguments)
    ending = threading.Event()
    statuses: list[int] = []
    work = threading.Thread(target=lambda: statuses.append(_status(options, ending)), name="local-aws")
    work.start()
    while work.is_alive():
        if signal.sigtimedwait(_ENDINGS, 0.1) is not None:
            ending.set()
    return statuses[0] if statuses else 1


def _status(options: argparse.Namespace, ending: threading.Event) -> int:
    try:
        _check_files(options)
        _run(options, ending)
    except LocalAwsError as error:
        return 0 if ending.is_set() else _complain(str(error))
    except ModuleNotFoundError as error:
        return _complain(
            f"{error}; install the development requirements: pip install -r requirements-dev.txt"
        )
    except OSError as error:
        return _complain(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
    return 0


def _check_files(options: argparse.Namespace) -> None:
    """What can't be written is worth knowing before the work, not after it."""
    journal, folder = options.journal, options.folder
    if journal is not None:
        if journal.is_dir():
            raise LocalAwsError(
                f"--journal {journal} is a folder; name a file, such as {journal}/journal.json"
            )
        if journal.exists() and not journal.is_file():
            raise LocalAwsError(f"--journal {journal} is no plain file; name another one")
        journal.touch()
        if not os.access(journal, os.W_OK):
            raise LocalAwsError(f"--journal {journal} can't be written; name another file")
    there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.exists())
    if not (there.is_dir() and os.access(there, os.W_OK)):
        raise LocalAwsError(
            f"--folder {folder} can't be made or written, because of {there}; name another folder"
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local_aws",
        description=(
            "An AWS on this machine for trying the construct out: CloudFormation, Lambda, IAM, S3 and so on, "
            "and Rekognition Custom Labels with two trained models. Prints what to export, so that the plain "
            "cdk and aws commands work against it, and runs until it is interrupted."
        ),
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--account", default="123456789012", help="account id, 12 digits")
    add("--region", default="eu-west-1", help="Region of everything")
    add("--port", type=int, default=0, help="port of everything but Rekognition; 0: any free one")
    add("--start-seconds", type=_seconds, default=20.0, help="how long a model takes to start")
    add("--stop-seconds", type=_seconds, default=10.0, help="how long a model takes to stop")
    add(
        "--journal",
        type=Path,
        metavar="FILE",
        help="where to write, at the end, every call of Rekognition and every change of a model, as JSON",
    )
    add(
        "--folder",
        type=Path,
        default=Path("build/local-aws"),
        help="where to write, at the end, the timeline and the bill, as text and as a picture",
    )
    return parser


def _seconds(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 86_400:
        raise argparse.ArgumentTypeError(f"must be 0 to 86400 seconds, got {text}")
    return value


def _run(options: argparse.Namespace, ending: threading.Event) -> None:
    from local_aws import EmbeddedAws
    from local_aws.rekognition import Settings

    settings = Settings(start_seconds=options.start_seconds, stop_seconds=options.stop_seconds)
    aws = EmbeddedAws(
        account=options.account, region=options.region, port=options.port, rekognition=settings
    ).start(ending)
    try:
        _tell(aws)
        ending.wait()
    finally:
        with ExitStack() as last:
            # From the last one to the first one, each whatever becomes of the others.
            last.callback(aws.stop)
            last.callback(_write_journal, aws, options.journal)
            last.callback(_take_leave, aws, options.folder)


def _tell(aws: EmbeddedAws) -> None:
    """What a shell may source on stdout, and nothing else; what a person reads on stderr."""
    from local_aws.embedded import export_lines

    project = aws.rekognition.add_project(PROJECT)
    exported = dict(aws.environment)
    for name in VERSIONS:
        arn = aws.rekognition.add_version(project, name, labels=["good", "faulty"])
        exported[f"MODEL_{name.upper()}_ARN"] = arn
    exported["LOCAL_AWS_TOKEN"] = aws.token
    lines = export_lines(exported)
    lines += path_lines(TOOLS)
    print("\n".join(lines), flush=True)
    print("\n".join(_for_people(aws, project)), file=sys.stderr, flush=True)


def path_lines(folders: Sequence[Path]) -> list[str]:
    """A shell line that puts those folders that there are on the PATH; none without any."""
    installed = ":".join(str(folder) for folder in folders if folder.is_dir())
    # Last, so that a CDK CLI and a Python environment of one's own come first.
    return [f'export PATH="$PATH":{shlex.quote(installed)}'] if installed else []


def _for_people(aws: EmbeddedAws, project: str) -> list[str]:
    lines = []
    if sys.stdout.isatty():
        lines.append("Paste the lines above into another shell.")
    curl = f'curl -H "{TOKEN_HEADER}: $LOCAL_AWS_TOKEN" "$AWS_ENDPOINT_URL_REKOGNITION/_emulator/'
    return [
        *lines,
        f"Two trained models of the project {project}: $MODEL_V1_ARN and $MODEL_V2_ARN.",
        # Without --app '' the CLI runs the app of the folder it is in, which may want context.
        f"First, in that shell: cdk bootstrap aws://{aws.account}/{aws.region} --app ''",
        f'What the models do and bill: {curl}models"',
        f'Every call and change, also of one number on: {curl}journal?since=0"',
        f"Log of MiniStack and of the Lambda functions: {aws.log_file}",
        "Running; ctrl-C ends it, with the bill and a timeline.",
    ]


def _write_journal(aws: EmbeddedAws, file: Path | None) -> None:
    try:
        if file is not None:
            aws.rekognition.journal.dump(file)
    except OSError as error:
        # A full disk does not say which file it was.
        raise OSError(error.errno, error.strerror, str(file)) from error


def _take_leave(aws: EmbeddedAws, folder: Path) -> None:
    from local_aws.ending import last_words

    # Not on stdout: what stands there may be sourced by a shell.
    print("", *last_words(aws, folder, time.time()), sep="\n", file=sys.stderr)


def _complain(text: str) -> int:
    print(f"python -m local_aws: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
