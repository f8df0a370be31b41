"""The function behind the resource on the embedded AWS: answers as a script says; runs in a Lambda worker."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any


def handler(event: dict[str, Any], context: Any) -> None:
    """Answers a request by its number: how many requests of this resource came before."""
    script = Path(event["ResourceProperties"]["script"])
    says = json.loads((script / "answers.json").read_text())
    number, delivery = _counted(script, event["RequestId"])
    (script / f"fields-{event['RequestId']}").write_text(json.dumps(list(event)))
    answer = says[number] if number < len(says) else says[-1]
    if delivery < answer["crashes"]:
        raise RuntimeError("the script says so")
    time.sleep(answer["seconds"])
    if not answer["silent"]:
        _send(event, answer)


def _counted(script: Path, request_id: str) -> tuple[int, int]:
    """The number of the request, and of its delivery."""
    known = {path.suffix[1:]: path for path in script.glob("*.*") if path.suffix != ".json"}
    path = known.get(request_id) or script / f"{len(known)}.{request_id}"
    deliveries = len(path.read_text()) if path.exists() else 0
    path.write_text("." * (deliveries + 1))
    return int(path.stem), deliveries


def _send(event: dict[str, Any], says: dict[str, Any]) -> None:
    answer = {name: event[name] for name in ("StackId", "RequestId", "LogicalResourceId")} | {
        "Status": says["status"],
        "Reason": "the script says so",
        "PhysicalResourceId": says["id"] or event.get("PhysicalResourceId", "a"),
    }
    body = json.dumps(answer | says["changes"]).encode()
    request = urllib.request.Request(  # noqa: S310 - an https URL that CloudFormation gave
        event["ResponseURL"], body, {"Content-Type": ""}, method="PUT"
    )
    try:
        urllib.request.urlopen(request).close()  # noqa: S310
    except urllib.error.HTTPError as error:
        print("refused", error.code)
