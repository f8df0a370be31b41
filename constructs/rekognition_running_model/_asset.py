"""The Lambda package: our handler, crhelper and time zones, staged at synth without Docker, network or pip.

Only sources are copied, so that compiled files, which change by themselves, can't change the asset's hash
and with it the function.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.resources
import tempfile
import uuid
from collections.abc import Callable
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
    "tzdata/__init__.py",
    "tzdata/zoneinfo/__init__.py",
    "tzdata/zoneinfo/Europe/__init__.py",
    "tzdata/zoneinfo/Europe/Berlin",
)
"""Without one of these nothing answers CloudFormation, which then waits for an hour, or no zone is known."""

_TABLES: Final = ("iso3166.tab", "leapseconds", "tzdata.zi", "zone.tab", "zone1970.tab", "zonenow.tab")
"""What tzdata has beside the zones, a quarter of its size. ``zoneinfo`` reads none of it."""


def staged_handler(scope: Construct) -> Path:
    """The folder of the package, in the output folder of the app.

    There nothing has to be removed, and ``cdk synth --no-staging`` finds it. Its name follows from what it
    holds and it appears at once, so that several synths may share an output folder. Raises ``RuntimeError``
    when crhelper is not installed, not whole, or in another release, or tzdata is not there or not whole;
    ``ValueError`` outside an app.
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
    _copy_zones(target)


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
    distribution = _installed("crhelper", _advice)
    if distribution.version != CRHELPER_VERSION:
        raise RuntimeError(_advice(f"{distribution.version} is installed"))
    for file in _files(distribution, _advice):
        top, name = file.parts[0], file.name
        if top == "crhelper" and name.endswith(".py"):
            destination = target.joinpath(*file.parts)
        elif top.endswith(".dist-info") and name in ("LICENSE", "NOTICE"):
            destination = target / "crhelper" / name
        else:
            continue
        _copy(distribution, file, destination, _advice)
    lacking = [name for name in missing(target) if name.startswith("crhelper/")]
    if lacking:
        raise RuntimeError(_advice(f"its list of files (RECORD) lacks {', '.join(lacking)}"))


def _copy_zones(target: Path) -> None:
    """The zones of tzdata, which Python reads where the system has none, without the tables for people."""
    distribution = _installed("tzdata", _advice_on_zones)
    for file in _files(distribution, _advice_on_zones):
        parts, name = file.parts, file.name
        is_zone = parts[:2] == ("tzdata", "zoneinfo") and name not in _TABLES
        if (is_zone or parts == ("tzdata", "__init__.py")) and not name.endswith((".pyc", ".pyi")):
            _copy(distribution, file, target.joinpath(*parts), _advice_on_zones)
        elif parts[0].endswith(".dist-info") and name == "LICENSE":
            _copy(distribution, file, target / "tzdata" / name, _advice_on_zones)
    lacking = [name for name in missing(target) if name.startswith("tzdata/")]
    if lacking:
        raise RuntimeError(_advice_on_zones(f"its list of files (RECORD) lacks {', '.join(lacking)}"))


def _installed(name: str, advice: Callable[[str], str]) -> importlib.metadata.Distribution:
    try:
        return importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        raise RuntimeError(advice("it is not installed")) from None


def _files(
    distribution: importlib.metadata.Distribution, advice: Callable[[str], str]
) -> list[importlib.metadata.PackagePath]:
    if distribution.files is None:
        # As in packages of Linux distributions: what belongs to the release can't be told then.
        raise RuntimeError(advice("it is installed without its list of files (RECORD)"))
    return sorted(distribution.files, key=str)


def _copy(
    distribution: importlib.metadata.Distribution,
    file: importlib.metadata.PackagePath,
    destination: Path,
    advice: Callable[[str], str],
) -> None:
    source = Path(str(distribution.locate_file(file)))
    if not source.is_file():
        raise RuntimeError(advice(f"its file {source} is not there"))
    destination.parent.mkdir(parents=True, exist_ok=True)
    _write(destination, source.read_bytes())


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    # File modes are part of the zip; those of a checkout depend on who made it.
    path.chmod(0o644)


def _advice(found: str) -> str:
    return (
        f"the Lambda package needs crhelper {CRHELPER_VERSION} as pip installs it, but {found}; in a virtual "
        f"environment run: pip install --force-reinstall crhelper=={CRHELPER_VERSION}"
    )


def _advice_on_zones(found: str) -> str:
    return (
        f"the Lambda package needs tzdata, for time zones, as pip installs it, but {found}; in a virtual "
        "environment run: pip install --force-reinstall tzdata"
    )
