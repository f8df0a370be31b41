"""The Lambda package: our handler and crhelper, staged at synth without Docker, network or pip.

Only sources are copied, so that compiled files, which change by themselves, can't change the asset's hash
and with it the function.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.resources
import tempfile
import uuid
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from aws_cdk import Stage
from constructs import Construct

CRHELPER_VERSION: Final = "2.0.12"
"""The release that the handler is tested with; the handler replaces some of its private methods."""

NEEDED: Final = (
    "running_model_handler/entry.py",
    "crhelper/__init__.py",
    "crhelper/log_helper.py",
    "crhelper/resource_helper.py",
    "crhelper/utils.py",
)
"""Without one of these nothing would answer CloudFormation, which then waits for an hour."""


def staged_handler(scope: Construct) -> Path:
    """The folder of the package, in the output folder of the app.

    There nothing has to be removed, and ``cdk synth --no-staging`` finds it. Its name follows from what it
    holds and it appears at once, so that several synths may share an output folder. Raises ``RuntimeError``
    when crhelper is not installed, not whole, or in another release; ``ValueError`` outside an app.
    """
    app = Stage.of(scope)
    if app is None:
        raise ValueError(
            f"{scope.node.path}: its stack must be part of an App, for example Stack(App(), 'Parts')"
        )
    try:
        return put_once(Path(app.asset_outdir))
    except RuntimeError as error:
        raise RuntimeError(f"{scope.node.path}: {error}") from None


def stage(target: Path) -> None:
    """Write the package into an empty folder, or a new one: the same bytes for the same sources."""
    _copy_sources(importlib.resources.files("running_model_handler"), target / "running_model_handler")
    _copy_crhelper(target)


def missing(package: Path) -> list[str]:
    """What a package lacks of what it can't do without."""
    return [name for name in NEEDED if not (package / name).is_file()]


def put_once(outdir: Path) -> Path:
    """The package in a folder that others may be putting it into at the same time."""
    outdir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".rekognition-running-model-", dir=outdir) as scratch:
        made = Path(scratch) / "package"
        stage(made)
        digest = _digest(made)
        target = outdir / f"rekognition-running-model-handler-{digest[:16]}"
        if _digest(target) == digest:
            return target
        try:
            return made.rename(target)
        except OSError:
            # Another synth was faster, or something else has this name: then what is there decides.
            if _digest(target) == digest:
                return target
            return made.rename(target.with_name(f"{target.name}-{uuid.uuid4().hex[:8]}"))


def _digest(folder: Path) -> str:
    """What a folder holds, names and contents, in one word."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        if path.is_file():
            digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _copy_sources(source: Traversable, target: Path) -> None:
    target.mkdir(parents=True)
    for entry in sorted(source.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir() and entry.name != "__pycache__":
            _copy_sources(entry, target / entry.name)
        elif entry.name.endswith(".py"):
            _write(target / entry.name, entry.read_bytes())


def _copy_crhelper(target: Path) -> None:
    try:
        distribution = importlib.metadata.distribution("crhelper")
    except importlib.metadata.PackageNotFoundError:
        raise RuntimeError(_advice("it is not installed")) from None
    if distribution.version != CRHELPER_VERSION:
        raise RuntimeError(_advice(f"{distribution.version} is installed"))
    if distribution.files is None:
        # As in packages of Linux distributions: what belongs to the release can't be told then.
        raise RuntimeError(_advice("it is installed without its list of files (RECORD)"))
    for file in sorted(distribution.files, key=str):
        top, name = file.parts[0], file.name
        if top == "crhelper" and name.endswith(".py"):
            destination = target.joinpath(*file.parts)
        elif top.endswith(".dist-info") and name in ("LICENSE", "NOTICE"):
            destination = target / "crhelper" / name
        else:
            continue
        source = Path(str(distribution.locate_file(file)))
        if not source.is_file():
            raise RuntimeError(_advice(f"its file {source} is not there"))
        destination.parent.mkdir(parents=True, exist_ok=True)
        _write(destination, source.read_bytes())
    lacking = [name for name in missing(target) if name.startswith("crhelper/")]
    if lacking:
        raise RuntimeError(_advice(f"its list of files (RECORD) lacks {', '.join(lacking)}"))


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    # File modes are part of the zip; those of a checkout depend on who made it.
    path.chmod(0o644)


def _advice(found: str) -> str:
    return (
        f"the Lambda package needs crhelper {CRHELPER_VERSION} as pip installs it, but {found}; in a virtual "
        f"environment run: pip install --force-reinstall crhelper=={CRHELPER_VERSION}"
    )
