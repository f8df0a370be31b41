"""Keeps the modules of this environment away from the Lambda functions that run in it.

A worker process runs on the interpreter of the embedded AWS and would find everything that is installed
beside it, so that a dependency missing from the asset is not noticed. Lambda's own Python runtime brings
boto3 and what boto3 needs, nothing else (Lambda guide, python-package); everything else has to come from the
asset or a layer. Python imports this module by its name at start, since its folder is on PYTHONPATH of the
workers alone.
"""

import os
import sys
import sysconfig
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

IN_THE_RUNTIME = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "dateutil", "six", "urllib3"})
"""The packages that Lambda's Python runtime has beside the standard library."""

_NOT_OURS = tuple({sysconfig.get_path(name) for name in ("purelib", "platlib")})
_STANDARD = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})


class _AssetOnly(MetaPathFinder):
    """Refuses the top-level modules that only this environment has."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,  # noqa: ARG002 - the protocol has it
    ) -> ModuleSpec | None:
        """Called for every import before Python's own finders."""
        if path is not None or fullname in IN_THE_RUNTIME:
            return None
        own = [entry for entry in sys.path if not entry.startswith(_NOT_OURS)]
        if PathFinder.find_spec(fullname, own) is not None:
            return None
        if (
            PathFinder.find_spec(fullname, [entry for entry in sys.path if entry.startswith(_NOT_OURS)])
            is not None
        ):
            raise ModuleNotFoundError(
                f"No module named {fullname!r}: it is installed beside the embedded AWS, "
                "but neither in the function's asset nor in Lambda's runtime",
                name=fullname,
            )
        return None


def _install() -> None:
    # Editable installs put their source roots on the path: on AWS they are not there either.
    kept = (*_STANDARD, *_NOT_OURS, str(Path(__file__).parent))
    sys.path[:] = [
        entry for entry in sys.path if not entry or entry.startswith(kept) or entry.endswith(".zip")
    ]
    sys.meta_path.insert(0, _AssetOnly())


_install()

# By their names: they lie beside this file, on the path of the workers alone.
_moved_time = import_module("_local_aws_time")
if _moved_time.VARIABLE in os.environ:
    _moved_time.install(os.environ[_moved_time.VARIABLE])
    # Signatures of requests have dates too.
    _moved_time.install_for_dates()
import_module("_local_aws_logging").install_in_worker()
