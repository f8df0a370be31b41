"""``python -m local_aws``: starts the embedded AWS for the plain ``cdk`` and ``aws`` commands, until it is
interrupted."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Never

from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from local_aws import EmbeddedAws

PROJECT = "parts"
VERSIONS = ("v1", "v2")
ROOT = Path(__file__).parents[1]
TOOLS = (ROOT / "node_modules" / ".bin", ROOT / ".venv" / "bin")
"""Where ``make setup`` puts the CDK CLI and its Node."""


class _Ended(Exception):
    """Somebody wants this program to end."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs until SIGINT, SIGTERM or SIGHUP; returns the exit status."""
    options = _parser().parse_args(arguments)
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _end)
    try:
        with suppress(_Ended):
            _run(options)
    except LocalAwsError as error:
        return _complain(str(error))
    except ModuleNotFoundError as error:
        return _complain(
            f"{error}; install the development requirements: pip install -r requirements-dev.txt"
        )
    except OSError as error:
        return _complain(f"{error.strerror or error}: {error.filename}" if error.filename else str(error))
    return 0


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


def _run(options: argparse.Namespace) -> None:
    from local_aws import EmbeddedAws
    from local_aws.rekognition import Settings

    if options.journal is not None:
        # A journal that can't be written is worth knowing before the work, not after it.
        options.journal.touch()
    settings = Settings(start_seconds=options.start_seconds, stop_seconds=options.stop_seconds)
    with EmbeddedAws(
        account=options.account, region=options.region, port=options.port, rekognition=settings
    ) as aws:
        try:
            _tell(aws)
            while True:
                signal.pause()
        finally:
            if options.journal is not None:
                aws.rekognition.journal.dump(options.journal)
            _take_leave(aws, options.folder)


def _tell(aws: EmbeddedAws) -> None:
    from local_aws.embedded import export_lines

    project = aws.rekognition.add_project(PROJECT)
    print("# Paste this into another shell, or redirect it into a file and source that.")
    print("\n".join(export_lines(aws.environment)))
    print(f"# Two trained models of the project {project}:")
    for name in VERSIONS:
        arn = aws.rekognition.add_version(project, name, labels=["good", "faulty"])
        print(f"export MODEL_{name.upper()}_ARN={arn}")
    if installed := [str(folder) for folder in TOOLS if folder.is_dir()]:
        # Last, so that a CDK CLI and a Python environment of one's own come first.
        print(f'export PATH="$PATH:{":".join(installed)}"')
    # Without --app '' the CLI runs the app of the folder it is in, which may want context.
    print(f"# First: cdk bootstrap aws://{aws.account}/{aws.region} --app ''")
    print(f"# Log of MiniStack and of the Lambda functions: {aws.log_file}")
    print("# Running; ctrl-C ends it, with the bill and a timeline.", flush=True)
    if not sys.stdout.isatty():
        print("Running; ctrl-C ends it, with the bill and a timeline.", file=sys.stderr)


def _take_leave(aws: EmbeddedAws, folder: Path) -> None:
    from local_aws.ending import last_words

    # Not on stdout: what stands there may be sourced by a shell.
    print("", *last_words(aws, folder, time.time()), sep="\n", file=sys.stderr)


def _end(number: int, frame: FrameType | None) -> Never:  # noqa: ARG001 - what a signal handler gets
    # Once is enough: a second signal must not interrupt the end.
    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    raise _Ended


def _complain(text: str) -> int:
    print(f"python -m local_aws: {text}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
