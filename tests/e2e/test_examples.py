"""The apps of ``examples`` on the embedded AWS: each deploys, and does what its first line says."""

from __future__ import annotations

import json

import pytest
from harness import Deployment

from examples.janitor.app import JanitorStack
from examples.nightly_batch.app import NightlyBatchStack
from examples.office_hours.app import OfficeHoursStack
from examples.preview_environment.app import PreviewStack

pytestmark = pytest.mark.e2e


def test_in_office_hours_it_runs_and_else_it_is_off_until_they_begin(deployment: Deployment) -> None:
    """Whenever this test is run: the output tells which, and the model is so."""
    arn = deployment.model("v1")
    outcome = deployment.deploy_app(lambda app, name: OfficeHoursStack(app, name, project_version_arn=arn))
    assert outcome.code == 0, outcome.output
    on = outcome.outputs["Duty"] == "on"
    assert on or outcome.outputs["Duty"].startswith("off until 20")
    assert deployment.rekognition.status(arn) == ("RUNNING" if on else "TRAINING_COMPLETED")


def test_a_preview_runs_and_knows_its_end(deployment: Deployment) -> None:
    """Eight hours after the deployment, by the tag that the sweeps read."""
    arn = deployment.model("v1")
    outcome = deployment.deploy_app(lambda app, name: PreviewStack(app, name, project_version_arn=arn))
    assert (outcome.code, outcome.outputs) == (0, {"Duty": "on"}), outcome.output
    assert deployment.rekognition.status(arn) == "RUNNING"
    tags = deployment.aws.client("rekognition").list_tags_for_resource(ResourceArn=arn)["Tags"]
    (created,) = deployment.requests()
    hours = (int(tags["rekognition-running-model:stop-at"]) - created.sent_at) / 3600
    assert hours == pytest.approx(8, abs=0.05)


def test_the_janitor_is_deployed(deployment: Deployment) -> None:
    """Its function runs, and finds nothing to stop."""
    outcome = deployment.deploy_app(JanitorStack)
    assert outcome.code == 0, outcome.output
    function = deployment.physical_id("Janitor", "AWS::Lambda::Function")
    answer = deployment.aws.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps({"Stops": False})
    )
    assert "FunctionError" not in answer, answer["Payload"].read()


@pytest.mark.long
def test_a_picture_starts_the_model_and_is_looked_at(deployment: Deployment) -> None:
    """By the bucket, its queue and the sweep; the worker waits for the model, and empties the queue."""
    arn = deployment.model("v1", labels=["scratch"])
    outcome = deployment.deploy_app(lambda app, name: NightlyBatchStack(app, name, project_version_arn=arn))
    assert outcome.code == 0, outcome.output
    assert outcome.outputs["Duty"] == "off: nothing waits in the queue"
    bucket = outcome.outputs["BucketName"]
    s3 = deployment.aws.client("s3")
    s3.put_object(Bucket=bucket, Key="plate 7.png", Body=deployment.picture())
    try:
        worker = deployment.physical_id("Worker", "AWS::Lambda::Function")
        label = "plate 7.png ['scratch']"
        deployment.wait_for("the label", lambda: label in deployment.log_of(worker), seconds=300)
        queue = deployment.physical_id("Pictures", "AWS::SQS::Queue")
        deployment.wait_for("an empty queue", lambda: messages(deployment, queue) == 0)
    finally:
        s3.delete_object(Bucket=bucket, Key="plate 7.png")


def messages(deployment: Deployment, queue: str) -> int:
    """What waits in a queue, or is in flight."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    client = deployment.aws.client("sqs")
    found = client.get_queue_attributes(QueueUrl=queue, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)
