"""Nothing is left behind, however the embedded AWS ends; and its errors are one readable line."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from stack_world import until, zipped

from local_aws import EmbeddedAws, LocalAwsError, Switches
from local_aws.__main__ import path_lines
from local_aws.ministack_host import worth_telling

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def group_lives(group: int) -> bool:
    """Whether any process of the group still lives; zombies count as gone."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            return True
    return False


def listens(port: int) -> bool:
    """Whether anybody takes connections on the port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def exported(line: str, lines: list[str]) -> str:
    """The value of an exported variable."""
    return next(one for one in lines if one.startswith(f"export {line}=")).partition("=")[2]


@pytest.fixture
def program(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """``python -m local_aws`` with a temporary folder of its own."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [
            sys.executable, "-m", "local_aws", "--journal", str(tmp_path / "journal.json"),
            "--folder", str(tmp_path / "ending"), "--start-seconds", "0",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )  # fmt: skip
    yield process
    process.kill()
    process.communicate()


def started(program: subprocess.Popen[str]) -> list[str]:
    """What the program has printed on stdout once it runs, which it tells on stderr."""
    assert program.stdout is not None
    assert program.stderr is not None
    said: list[str] = []
    while not (said and said[-1].startswith("Running")):
        said.append(program.stderr.readline())
        assert said[-1], f"it ended: {said}"
    lines: list[str] = []
    while not (lines and lines[-1].startswith("export PATH=")):
        lines.append(program.stdout.readline().rstrip())
        assert lines[-1], f"no PATH at the end: {lines}"
    return lines


def children_groups(pid: int) -> list[int]:
    """The process groups of a process's children."""
    lists = [file.read_text().split() for file in Path(f"/proc/{pid}/task").glob("*/children")]
    children = [child for found in lists for child in found]
    return [os.getpgid(int(child)) for child in children]


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_no_process_and_no_file_is_left(
    program: subprocess.Popen[str], tmp_path: Path, ending: signal.Signals
) -> None:
    """After any signal the host, its group, its socket and its folder are gone."""
    lines = started(program)
    port = int(exported("AWS_ENDPOINT_URL", lines).rpartition(":")[2])
    (group,) = children_groups(program.pid)
    assert group_lives(group)
    program.send_signal(ending)
    code = program.wait(timeout=30)
    assert code == (-signal.SIGKILL if ending == signal.SIGKILL else 0)
    until("the end of the group", lambda: not group_lives(group))
    until("the end of the folder", lambda: not list(tmp_path.glob("local-aws-*")))
    until("the end of the socket", lambda: not listens(port))
    # A program that was killed writes nothing more.
    assert ("TRAINING_COMPLETED" in (tmp_path / "journal.json").read_text()) == (ending != signal.SIGKILL)


def until_python_has_begun(program: subprocess.Popen[str]) -> None:
    """Wait for the program's first line: what Python does with a signal before it is Python's own affair.

    Python catches SIGINT as it starts; the program lets it have its default effect at first, and blocks it
    then.
    """
    sigint, caught = 1 << (signal.SIGINT - 1), False
    while program.poll() is None:
        lines = Path(f"/proc/{program.pid}/status").read_text().splitlines()
        told = dict(line.split(":\t", 1) for line in lines if line.startswith("Sig"))
        masks = {name: int(told[name], 16) for name in ("SigBlk", "SigCgt")}
        catches = bool(masks["SigCgt"] & sigint)
        if masks["SigBlk"] & sigint or (caught and not catches):
            return
        caught = caught or catches


@pytest.mark.parametrize("after", [0.0, 0.1, 0.2, 0.4, 0.8, 1.2, 1.6])
def test_ctrl_c_is_never_lost_while_it_starts(tmp_path: Path, after: float) -> None:
    """Whatever it is doing when the signal comes, it ends, without a traceback and without a process."""
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "local_aws", "--folder", str(tmp_path / "ending")]
    program = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    try:
        until_python_has_begun(program)
        time.sleep(after)
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=30)
        # All was ended in order, or nothing was begun.
        assert program.returncode in (0, -signal.SIGINT), said
        assert "local_aws/__main__.py" not in said
        until("the end of the folder", lambda: not list(tmp_path.glob("local-aws-*")))
    finally:
        program.kill()
        program.communicate()


def test_stdout_holds_nothing_but_what_a_shell_sources(program: subprocess.Popen[str]) -> None:
    """Exports, and the clearing of what would win over them; words for people are on stderr."""
    first, *others = started(program)
    assert first.startswith("unset AWS_PROFILE ")
    assert all(line.startswith("export ") for line in others), others
    names = {line.removeprefix("export ").partition("=")[0] for line in others}
    assert {"AWS_ENDPOINT_URL", "CDK_HOME", "PATH", "MODEL_V1_ARN", "LOCAL_AWS_TOKEN"} <= names


def test_variables_of_another_account_are_cleared(program: subprocess.Popen[str], tmp_path: Path) -> None:
    """A profile, a session token, an endpoint of one service: none of them survives the sourced lines."""
    (tmp_path / "lines.sh").write_text("\n".join(started(program)))
    foreign = {"AWS_PROFILE": "x", "AWS_SESSION_TOKEN": "y", "AWS_ENDPOINT_URL_S3": "https://example.org"}
    seen = subprocess.run(
        ["sh", "-c", f'. "{tmp_path}/lines.sh"; env'],
        capture_output=True, text=True, timeout=60, check=True, env={**os.environ, **foreign},
    )  # fmt: skip
    left = {line.partition("=")[0] for line in seen.stdout.splitlines()}
    assert not left & set(foreign)
    assert "AWS_ENDPOINT_URL" in left


def test_the_exported_lines_work_in_a_shell(program: subprocess.Popen[str], tmp_path: Path) -> None:
    """With the lines sourced a shell finds the CDK CLI, and boto3 of a fresh process account and models."""
    (tmp_path / "lines.sh").write_text("\n".join(started(program)))
    look = "import boto3\nprint(boto3.client('sts').get_caller_identity()['Account'])\n"
    look += "print(len(boto3.client('rekognition').describe_projects()['ProjectDescriptions']))"
    script = f'. "{tmp_path}/lines.sh"; command -v cdk; echo "$MODEL_V2_ARN"; exec "{sys.executable}" -c "$0"'
    seen = subprocess.run(["sh", "-c", script, look], capture_output=True, text=True, timeout=60, check=True)
    cdk, arn, *rest = seen.stdout.split()
    assert cdk.endswith("/cdk")
    assert "/version/v2/" in arn
    assert rest == ["123456789012", "1"]


def test_it_ends_with_the_bill_and_the_timeline(program: subprocess.Popen[str], tmp_path: Path) -> None:
    """What was done to stacks and what models billed, on stderr and as a picture; stdout may be sourced."""
    lines = started(program)
    session = boto3.Session("test", "test", region_name="eu-west-1")
    rekognition = session.client("rekognition", endpoint_url=exported("AWS_ENDPOINT_URL_REKOGNITION", lines))
    cloudformation = session.client(
        "cloudformation",
        endpoint_url=exported("AWS_ENDPOINT_URL", lines),
        verify=exported("AWS_CA_BUNDLE", lines),
    )
    arn = exported("MODEL_V1_ARN", lines)
    rekognition.start_project_version(ProjectVersionArn=arn, MinInferenceUnits=2)
    template = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
    cloudformation.create_stack(StackName="Parts", TemplateBody=template)
    cloudformation.get_waiter("stack_create_complete").wait(StackName="Parts", WaiterConfig={"Delay": 1})
    program.send_signal(signal.SIGINT)
    output, said = program.communicate(timeout=30)
    assert (output, program.returncode) == ("", 0), said
    assert "$ Parts: create" in said
    assert "parts v1: RUNNING (2 units)" in said
    assert "unit-seconds billed here; on AWS about 0." in said
    assert f"still RUNNING at the end, and billing if this were AWS: {arn}" in said
    picture = (tmp_path / "ending" / "timeline.svg").read_text()
    assert "Parts: create" in picture
    assert str(tmp_path / "ending" / "timeline.svg") in said


def test_it_says_that_nothing_was_billed(program: subprocess.Popen[str], tmp_path: Path) -> None:
    """Started and ended: one line, and no picture of nothing."""
    started(program)
    program.send_signal(signal.SIGTERM)
    _, said = program.communicate(timeout=30)
    assert said.splitlines()[-1] == "No model was started: nothing was billed."
    assert not (tmp_path / "ending").exists()


def test_a_journal_that_can_not_be_written_hides_nothing(
    program: subprocess.Popen[str], tmp_path: Path
) -> None:
    """Something has taken its place meanwhile: the bill is told all the same, and what was wrong after it."""
    started(program)
    journal = tmp_path / "journal.json"
    journal.unlink()
    journal.mkdir()
    program.send_signal(signal.SIGINT)
    _, said = program.communicate(timeout=30)
    assert said.splitlines()[-2:] == [
        "No model was started: nothing was billed.",
        f"python -m local_aws: Is a directory: {journal}",
    ]
    assert program.returncode == 1
    assert not list(tmp_path.glob("local-aws-*"))


def test_folders_of_any_name_come_to_the_path(tmp_path: Path) -> None:
    """A project may stand in a folder whose name means something to a shell."""
    folders = [tmp_path / 'a "$HOME" `id`\'s', tmp_path / "missing", tmp_path / "b"]
    for folder in (folders[0], folders[2]):
        folder.mkdir()
    script = "\n".join([*path_lines(folders), 'printf %s "$PATH"'])
    seen = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, env={"PATH": "/bin"})
    assert seen.stdout == f"/bin:{folders[0]}:{folders[2]}"
    assert path_lines([tmp_path / "missing"]) == []


def test_a_busy_worker_ends_with_the_rest(tmp_path: Path) -> None:
    """``stop`` ends a function in the middle of a run; the folder goes too."""
    endless = f"""
import time
def handler(event, context):
    open({str(tmp_path / "runs")!r}, "w").close()
    while True:
        time.sleep(1)
"""
    with EmbeddedAws() as own:
        own.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        own.client("lambda").create_function(
            FunctionName="busy",
            Runtime="python3.13",
            Role="arn:aws:iam::123456789012:role/r",
            Handler="index.handler",
            Timeout=60,
            Code={"ZipFile": zipped(endless)},
        )
        own.client("lambda").invoke(FunctionName="busy", InvocationType="Event", Payload=b"{}")
        until("the run", lambda: (tmp_path / "runs").exists())
        group, folder = own.process_group, own.log_file.parent
    assert not group_lives(group)
    assert not folder.exists()


def test_two_run_side_by_side_without_knowing_each_other(aws: EmbeddedAws) -> None:
    """Each has its own ports, stacks and models."""
    with EmbeddedAws(account="210987654321", region="us-west-2") as other:
        assert other.endpoint != aws.endpoint
        assert other.client("sts").get_caller_identity()["Account"] == "210987654321"
        assert other.client("cloudformation").describe_stacks()["Stacks"] == []
        assert other.rekognition.endpoint != aws.rekognition.endpoint


def test_a_failure_inside_ends_it(aws: EmbeddedAws) -> None:
    """An exception in the body of ``with`` leaves nothing running."""

    def fails() -> None:
        with EmbeddedAws() as own:
            groups.append(own.process_group)
            raise KeyboardInterrupt

    groups: list[int] = []
    with pytest.raises(KeyboardInterrupt):
        fails()
    assert not group_lives(groups[0])


def test_a_port_that_is_taken_is_told_in_one_line(aws: EmbeddedAws) -> None:
    """The error names the port and the way out, from Python and from the command line."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(LocalAwsError, match=f"port {port} is taken"):
            EmbeddedAws(port=port).start()
        seen = subprocess.run(
            [sys.executable, "-m", "local_aws", "--port", str(port)],
            capture_output=True,
            text=True,
            timeout=60,
            cwd=ROOT,
            check=False,
        )
    assert seen.returncode == 1
    assert seen.stdout == ""
    assert len(seen.stderr.splitlines()) == 1
    assert f"port {port} is taken" in seen.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--account", "12"], "account must be 12 digits, got '12'"),
        (["--start-seconds", "-1"], "must be 0 to 86400 seconds, got -1"),
        (["--journal", "/nowhere/journal.json"], "No such file or directory: /nowhere/journal.json"),
        (["--journal", str(ROOT)], f"--journal {ROOT} is a folder; name a"),
        (["--journal", "/dev/full"], "--journal /dev/full is no plain file; name another one"),
        (["--folder", str(ROOT / "README.md" / "x")], f"because of {ROOT / 'README.md'}"),
        (["--account", "１２３４５６７８９０１２"], "account must be 12 digits"),
        (["--port", "99999"], "port must be 0, for any free one, to 65535, got 99999"),
        (["--port", "-1"], "port must be 0, for any free one, to 65535, got -1"),
        (["--port", "x"], "argument --port: invalid int value: 'x'"),
        (["--region", "mars-1"], "region must be one with Custom Labels, us-east-1,"),
        (["--start-seconds", "nan"], "must be 0 to 86400 seconds, got nan"),
    ],
)
def test_bad_options_are_told_in_one_line(arguments: list[str], said: str) -> None:
    """A bad option is one line without a traceback, and an exit status that is not 0."""
    seen = subprocess.run(
        [sys.executable, "-m", "local_aws", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=ROOT,
        check=False,
    )
    assert seen.returncode != 0
    assert said in seen.stderr
    assert "Traceback" not in seen.stderr


@pytest.mark.parametrize("after", [0.3, 1.0, 2.0])
def test_ctrl_c_on_an_app_leaves_no_traceback(after: float) -> None:
    """It ends at once, by the signal, whatever it was loading."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}/constructs:{ROOT}/lambda"}
    app = subprocess.Popen(
        [sys.executable, str(ROOT / "app.py")], stderr=subprocess.PIPE, text=True, env=environment
    )
    time.sleep(after)
    app.send_signal(signal.SIGINT)
    _, said = app.communicate(timeout=30)
    assert "KeyboardInterrupt" not in said


def test_an_idle_client_leaves_no_traceback_in_the_log() -> None:
    """What asyncio says of a connection that nobody closes is left out, and nothing else."""

    def record(error: Exception | None) -> logging.LogRecord:
        exc_info = (type(error), error, None) if error else None
        return logging.LogRecord("asyncio", logging.ERROR, "", 1, "Unhandled exception", (), exc_info)

    assert not worth_telling(record(TimeoutError("SSL shutdown timed out")))
    assert worth_telling(record(TimeoutError("something else")))
    assert worth_telling(record(OSError("SSL shutdown timed out")))
    assert worth_telling(record(None))


def test_switches_have_names_and_ranges(aws: EmbeddedAws) -> None:
    """An unknown switch, or a value of another kind, is refused and named."""
    with pytest.raises(LocalAwsError, match="unknown: 'nonsense'; there are account_concurrency"):
        aws.set_switches(nonsense=1)
    with pytest.raises(LocalAwsError, match=r"duplicate_deliveries must be a whole number .*, got 0\.5"):
        aws.set_switches(duplicate_deliveries=0.5)
    with pytest.raises(LocalAwsError, match="rolled_back_replacement must be one of"):
        aws.set_switches(rolled_back_replacement="maybe")
    with pytest.raises(LocalAwsError, match=r"async_retry_seconds must be a number .*, got nan"):
        aws.set_switches(async_retry_seconds=float("nan"))
    with pytest.raises(LocalAwsError, match="late_answers must be one of ignored, named, got"):
        Switches(late_answers="maybe")  # type: ignore[arg-type]


def test_switches_change_together_or_not_at_all(aws: EmbeddedAws) -> None:
    """One wrong value among several leaves the others as they were."""
    with pytest.raises(LocalAwsError, match="nonsense"):
        aws.set_switches(duplicate_deliveries=3, nonsense=1)
    assert aws.set_switches().duplicate_deliveries == 0
