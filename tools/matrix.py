"""The synth and template tests with the oldest aws-cdk-lib that pyproject.toml allows, and with the newest.

Each release has an environment of its own in build/matrix, made once; whatever else the tests need comes from
the environment that runs this. What is newest is asked once a day; where nobody answers, it is what was
newest before. A release that this environment has itself is tested in place: nothing is installed twice.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import re
import shutil
import site
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "build" / "matrix"
PACKAGES = ("aws-cdk-lib", "constructs")

Releases = dict[str, str]
"""The release of each package."""


def main() -> int:
    """Run the tests with every release that was asked for; the exit status of the first that fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--skip-installed", action="store_true", help="not again what this environment has")
    parser.add_argument("tests", nargs="*", default=["tests/synth"], help="what pytest gets")
    arguments = parser.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, releases in (("oldest", oldest()), ("newest", newest())):
        shown = ", ".join(f"{package} {release}" for package, release in releases.items())
        if releases == installed():
            if arguments.skip_installed:
                print(f"{name}: {shown}, which is what the other tests run with", flush=True)
                continue
            python = Path(sys.executable)
        else:
            python = environment(name, releases)
        print(f"{name}: {shown}", flush=True)
        status = subprocess.run(
            [python, "-m", "pytest", "-q", "-m", "not slow", "-p", "no:cacheprovider", *arguments.tests],
            cwd=ROOT,
            check=False,
        ).returncode
        if status:
            return status
    return 0


def installed() -> Releases:
    """What the environment that runs this has."""
    return {package: importlib.metadata.version(package) for package in PACKAGES}


def oldest() -> Releases:
    """The lower bounds that pyproject.toml declares."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = (re.match(r"([a-z-]+)>=([0-9.]+)", line) for line in project["dependencies"])
    found = {bound[1]: bound[2] for bound in bounds if bound}
    return {package: found[package] for package in PACKAGES}


def newest() -> Releases:
    """The newest of today."""
    memory = FOLDER / "newest.json"
    today = f"{datetime.date.today()}"
    day, known = json.loads(memory.read_text()) if memory.exists() else ("", installed())
    if day == today:
        return dict(known)
    asked = {package: _newest_of(package) for package in PACKAGES}
    releases = {package: asked[package] or known[package] for package in PACKAGES}
    memory.write_text(json.dumps([today if all(asked.values()) else day, releases]))
    return releases


def _newest_of(package: str) -> str | None:
    """The newest release that pip can install; None where it can't say."""
    asked = _pip("index", "versions", package)
    found = re.match(rf"{package} \(([0-9.]+)\)", asked.stdout)
    if found is None:
        print(f"which {package} is newest can't be asked now: {asked.stderr.strip()[-200:]}", flush=True)
    return found[1] if found else None


def environment(name: str, releases: Releases) -> Path:
    """The interpreter of an environment that has these releases, made if it is not there yet."""
    folder = FOLDER / name
    python, stamp = folder / "bin" / "python", folder / "releases.json"
    if stamp.exists() and json.loads(stamp.read_text()) == releases:
        return python
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    wanted = [f"{package}=={release}" for package, release in releases.items()]
    print(f"{name}: installing {' '.join(wanted)} (once)", flush=True)
    done = _pip("--python", str(python), "install", "-q", *wanted)
    if done.returncode:
        raise SystemExit(f"{' '.join(wanted)} can't be installed:\n{done.stderr.strip()[-2000:]}")
    # Behind its own packages come those of this environment; only now, since pip would count them as its own.
    (path,) = folder.glob("lib/python*/site-packages")
    (path / "others.pth").write_text("\n".join(site.getsitepackages()) + "\n")
    stamp.write_text(json.dumps(releases))
    return python


def _pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


if __name__ == "__main__":
    sys.exit(main())
