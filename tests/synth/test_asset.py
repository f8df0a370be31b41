"""The Lambda package: complete, small, and the same for the same sources."""

from __future__ import annotations

import compileall
import importlib.metadata
import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackagePath
from pathlib import Path
from types import SimpleNamespace

import pytest
from aws_cdk import App, Stack
from synth_examples import ARN

from rekognition_running_model import RunningModel, _asset

ROOT = Path(__file__).parents[2]


def asset_hash(outdir: Path | None = None) -> str:
    """The hash of the function's asset in a fresh app."""
    app = App(outdir=str(outdir) if outdir else None)
    RunningModel(Stack(app, "Parts"), "Model", project_version_arn=ARN)
    assembly = app.synth()
    (asset,) = Path(assembly.directory).glob("asset.*/")
    return asset.name


def test_compiled_files_do_not_change_the_hash() -> None:
    """A test run leaves __pycache__ behind; the asset stays what it was."""
    before = asset_hash()
    compileall.compile_dir(ROOT / "lambda" / "running_model_handler", quiet=2)
    assert any((ROOT / "lambda").rglob("__pycache__"))
    assert asset_hash() == before


def test_what_a_synth_left_behind_does_not_change_the_hash(tmp_path: Path) -> None:
    """Another release, or an interrupted synth, may have left files in the output folder."""
    first = asset_hash(tmp_path)
    (package,) = tmp_path.glob("rekognition-running-model-handler-*")
    (package / "running_model_handler" / "former.py").touch()
    for folder in tmp_path.glob("asset.*/"):
        shutil.rmtree(folder)
    assert asset_hash(tmp_path) == first


def test_synths_at_once_share_an_output_folder(tmp_path: Path) -> None:
    """Each finds the whole package, and none takes it away from another."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(_asset.put_once, [tmp_path] * 24))
    assert len(set(found)) == 1
    assert [path.name for path in tmp_path.iterdir()] == [found[0].name]
    assert _asset.missing(found[0]) == []


def test_apps_at_once_share_an_output_folder(tmp_path: Path) -> None:
    """The same in processes, with CDK's own copy of the package; its manifests are no matter of ours."""
    script = (
        "import sys; from aws_cdk import App, Stack; from rekognition_running_model import RunningModel\n"
        "app = App(outdir=sys.argv[1])\n"
        f"RunningModel(Stack(app, 'Parts'), 'Model', project_version_arn={ARN!r})\n"
    )
    apps = [
        subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    said = [app.communicate()[1] for app in apps]
    assert [app.returncode for app in apps] == [0, 0, 0], said


def test_an_app_that_stages_nothing_can_be_deployed(tmp_path: Path) -> None:
    """``--no-staging``: the assembly names the package where it was made, and it is there."""
    app = App(outdir=str(tmp_path), context={"aws:cdk:disable-asset-staging": True})
    RunningModel(Stack(app, "Parts"), "Model", project_version_arn=ARN)
    app.synth()
    manifest = json.loads((tmp_path / "Parts.assets.json").read_text())
    (path,) = (a["source"]["path"] for a in manifest["files"].values() if a["source"]["packaging"] == "zip")
    assert (tmp_path / path / "running_model_handler" / "entry.py").exists()


def test_the_package_runs_by_itself(tmp_path: Path) -> None:
    """Our code, crhelper and zones, their licences included, and nothing else is needed but boto3."""
    _asset.stage(tmp_path / "asset")
    names = {path.relative_to(tmp_path / "asset").as_posix() for path in (tmp_path / "asset").rglob("*")}
    assert {"running_model_handler/entry.py", "crhelper/resource_helper.py", "crhelper/LICENSE"} <= names
    assert {"tzdata/LICENSE", "tzdata/zoneinfo/Australia/Lord_Howe"} <= names
    assert not any("__pycache__" in name or name.endswith((".pyc", ".pyi")) for name in names)
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); "
        "import running_model_handler.entry as e; print(e.__file__)"
    )
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "asset")], capture_output=True, text=True, check=True
    )
    assert str(tmp_path) in found.stdout


def test_the_package_is_at_most_400_kb_zipped(tmp_path: Path) -> None:
    """Every cold start loads it; the zones, most of it, lie beside until one is asked for."""
    _asset.stage(tmp_path / "asset")

    def kilobytes() -> float:
        archive = Path(shutil.make_archive(str(tmp_path / "package"), "zip", tmp_path / "asset"))
        return archive.stat().st_size / 1024

    whole = kilobytes()
    shutil.rmtree(tmp_path / "asset" / "tzdata")
    assert 10 < kilobytes() <= 130
    assert whole <= 400


def test_the_package_knows_the_zones_where_the_system_knows_none(tmp_path: Path) -> None:
    """Every zone that tzdata lists, in both places in which Python looks for its files."""
    _asset.stage(tmp_path / "asset")
    code = (
        "import sys, zoneinfo; sys.path.insert(0, sys.argv[1]); zoneinfo.reset_tzpath(to=[])\n"
        "names = open(sys.argv[2]).read().split()\n"
        "for name in names: zoneinfo.ZoneInfo(name)\n"
        "import tzdata; print(len(names), tzdata.__file__)"
    )
    listed = importlib.metadata.distribution("tzdata").locate_file("tzdata/zones")
    found = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "asset"), str(listed)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    count, file = found.stdout.split()
    assert int(count) > 500
    assert file.startswith(str(tmp_path))


def test_fails_when_crhelper_is_another_release(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The handler replaces private parts of crhelper, so the release is checked, with the way out."""
    monkeypatch.setattr(_asset, "CRHELPER_VERSION", "0.0.1")
    with pytest.raises(RuntimeError, match=r"2\.0\.12 is installed.*crhelper==0\.0\.1"):
        _asset.stage(tmp_path / "asset")


def test_fails_when_tzdata_is_not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the command that mends it."""
    known = importlib.metadata.distribution

    def without(name: str) -> importlib.metadata.Distribution:
        if name == "tzdata":
            raise importlib.metadata.PackageNotFoundError(name)
        return known(name)

    monkeypatch.setattr(importlib.metadata, "distribution", without)
    with pytest.raises(RuntimeError, match=r"needs tzdata, .* it is not installed; .*pip install"):
        _asset.stage(tmp_path / "asset")


def test_fails_when_tzdata_is_not_whole(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Some distributions empty it, since their systems have the zones."""
    known = importlib.metadata.distribution

    def emptied(name: str) -> importlib.metadata.Distribution | SimpleNamespace:
        whole = known(name)
        if name != "tzdata":
            return whole
        files = [file for file in whole.files or [] if "Berlin" not in file.name]
        return SimpleNamespace(version=whole.version, files=files, locate_file=whole.locate_file)

    monkeypatch.setattr(importlib.metadata, "distribution", emptied)
    with pytest.raises(RuntimeError, match=r"needs tzdata, .* lacks tzdata/zoneinfo/Europe/Berlin"):
        _asset.stage(tmp_path / "asset")


def crhelper_files(monkeypatch: pytest.MonkeyPatch, files: list[PackagePath] | None) -> None:
    """Let crhelper's list of files be another one."""
    whole = importlib.metadata.distribution("crhelper")
    fake = SimpleNamespace(version=whole.version, files=files, locate_file=whole.locate_file)
    monkeypatch.setattr(importlib.metadata, "distribution", lambda name: fake)


def test_fails_when_crhelper_is_installed_without_its_record(
    monkeypatch: pytest.MonkeyPatch, stack: Stack
) -> None:
    """Distributions leave it out; what belongs to the package can't be told then."""
    crhelper_files(monkeypatch, None)
    with pytest.raises(RuntimeError, match=r"Parts/.*RECORD.*pip install --force-reinstall crhelper=="):
        RunningModel(stack, "Model", project_version_arn=ARN)


@pytest.mark.parametrize(
    ("left_out", "added", "words"),
    [
        ("crhelper/", "", "lacks crhelper/__init__.py"),
        ("crhelper/utils.py", "", "lacks crhelper/utils.py"),
        ("", "crhelper/gone.py", "gone.py is not there"),
    ],
)
def test_fails_when_crhelper_is_not_whole(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, left_out: str, added: str, words: str
) -> None:
    """An editable install, a list with holes, a file that somebody removed: nothing would ever answer."""
    files = [
        file
        for file in importlib.metadata.files("crhelper") or []
        if not (left_out and file.as_posix().startswith(left_out))
    ]
    crhelper_files(monkeypatch, [*files, *([PackagePath(added)] if added else [])])
    with pytest.raises(RuntimeError, match=words):
        _asset.put_once(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_fails_when_crhelper_is_not_installed(monkeypatch: pytest.MonkeyPatch, stack: Stack) -> None:
    """Named with the command that mends it."""

    def absent(name: str) -> None:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "distribution", absent)
    with pytest.raises(RuntimeError, match=r"Parts/.*is not installed.*pip install"):
        RunningModel(stack, "Model", project_version_arn=ARN)


def test_one_pin_of_crhelper() -> None:
    """The pin stands in four places, for four readers; they agree."""
    pin = f"crhelper=={_asset.CRHELPER_VERSION}"
    for name in ("pyproject.toml", "requirements.txt", "lambda/requirements.txt"):
        assert pin in (ROOT / name).read_text(), name


@pytest.mark.slow
def test_the_wheel_synthesizes_elsewhere_with_the_same_asset(tmp_path: Path) -> None:
    """Built, installed into an empty folder and used from another one: the same package, to the hash."""
    source = tmp_path / "source"
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns(".venv", "node_modules", ".git", "build", "cdk.out", ".*_cache"),
    )
    pip = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(tmp_path), str(source)],
        check=True, capture_output=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True)
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from aws_cdk import App, Stack\nimport rekognition_running_model as r\n"
        "assert r.__file__.startswith(sys.argv[1]), r.__file__\n"
        "app = App(outdir=sys.argv[2])\n"
        f"r.RunningModel(Stack(app, 'Parts'), 'Model', project_version_arn={ARN!r})\napp.synth()\n"
    )
    out = tmp_path / "out"
    subprocess.run(
        [sys.executable, "-I", "-c", script, str(site), str(out)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    (asset,) = out.glob("asset.*/")
    assert asset.name == asset_hash()
    assert (site / "rekognition_running_model" / "py.typed").exists()
