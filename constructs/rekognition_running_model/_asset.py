"""The Lambda package: our handler and crhelper, staged at synth without Docker, network or pip.

Only sources are copied, so that compiled files, which change by themselves, can't change the asset's hash
and with it the function.
"""

from __future__ import annotations

import importlib.metadata
import importlib.resources
import shutil
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

from aws_cdk import Stage, aws_lambda
from constructs import Construct

CRHELPER_VERSION: Final = "2.0.12"
"""The release that the handler is tested with; the handler replaces some of its private methods."""


def handler_code(scope: Construct) -> aws_lambda.Code:
    """The code of the function.

    The package is put together in the output folder of the app, where nothing has to be removed and
    ``cdk synth --no-staging`` finds it. Raises ``RuntimeError`` when crhelper is not installed in the
    pinned release, ``ValueError`` outside an app.
    """
    app = Stage.of(scope)
    if app is None:
        raise ValueError(f"{scope.node.path} must be part of an App or a Stage")
    target = Path(app.asset_outdir) / "rekognition-running-model-handler"
    # Another release may have left files of its own, which would become part of the package.
    shutil.rmtree(target, ignore_errors=True)
    stage(target)
    return aws_lambda.Code.from_asset(str(target))


def stage(target: Path) -> None:
    """Write the package into an empty folder, or a new one: the same bytes for the same sources."""
    _copy_sources(importlib.resources.files("running_model_handler"), target / "running_model_handler")
    _copy_crhelper(target)


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
    for file in sorted(distribution.files or [], key=str):
        top, name = file.parts[0], file.name
        if top == "crhelper" and name.endswith(".py"):
            destination = target.joinpath(*file.parts)
        elif top.endswith(".dist-info") and name in ("LICENSE", "NOTICE"):
            destination = target / "crhelper" / name
        else:
            continue
        destination.parent.mkdir(parents=True, exist_ok=True)
        _write(destination, Path(str(distribution.locate_file(file))).read_bytes())


def _write(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    # File modes are part of the zip; those of a checkout depend on who made it.
    path.chmod(0o644)


def _advice(found: str) -> str:
    return (
        f"the Lambda package needs crhelper {CRHELPER_VERSION}, but {found}; "
        f"run: pip install crhelper=={CRHELPER_VERSION}"
    )
