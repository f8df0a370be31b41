"""A model that pictures in a bucket start, and that stops once all of them have been looked at.

``cdk deploy -c project_version_arn=ARN``
"""

from __future__ import annotations

from aws_cdk import App, CfnOutput, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_notifications as notifications
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as targets
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from rekognition_running_model import RunningModel

WORKER = """
import json, os, urllib.parse, boto3

rekognition, sqs = boto3.client("rekognition"), boto3.client("sqs")
QUEUE, MODEL = os.environ["QUEUE_URL"], os.environ["MODEL_ARN"]

def handler(event, context):
    while context.get_remaining_time_in_millis() > 30_000:
        messages = sqs.receive_message(QueueUrl=QUEUE, MaxNumberOfMessages=10).get("Messages", [])
        if not messages:
            return
        while messages:
            message = messages[0]
            try:
                # None are in the message by which S3 tries the queue when it is deployed.
                for record in json.loads(message["Body"]).get("Records", []):
                    look_at(record["s3"])
                sqs.delete_message(QueueUrl=QUEUE, ReceiptHandle=message["ReceiptHandle"])
            except rekognition.exceptions.ResourceNotReadyException:
                # The model does not run yet. Back into the queue: a message in flight starts nothing.
                for one in messages:
                    sqs.change_message_visibility(
                        QueueUrl=QUEUE, ReceiptHandle=one["ReceiptHandle"], VisibilityTimeout=0
                    )
                return
            except Exception as error:
                print("left to another try:", repr(error))
            messages.pop(0)

def look_at(place):
    picture = {"Bucket": place["bucket"]["name"], "Name": urllib.parse.unquote_plus(place["object"]["key"])}
    answer = rekognition.detect_custom_labels(ProjectVersionArn=MODEL, Image={"S3Object": picture})
    print(picture["Name"], [label["Name"] for label in answer["CustomLabels"]])
"""


class NightlyBatchStack(Stack):
    """A bucket for pictures, the queue that tells of them, the model, and a worker that shows them to it."""

    def __init__(self, scope: Construct, construct_id: str, *, project_version_arn: str) -> None:
        super().__init__(scope, construct_id)
        bucket = s3.Bucket(self, "Bucket")
        queue = sqs.Queue(
            self,
            "Pictures",
            visibility_timeout=Duration.minutes(5),
            # What nobody can look at must not keep the model running. A receive for each minute of a start,
            # which takes an hour at most, is no failure.
            dead_letter_queue=sqs.DeadLetterQueue(queue=sqs.Queue(self, "Failed"), max_receive_count=70),
        )
        bucket.add_event_notification(s3.EventType.OBJECT_CREATED, notifications.SqsDestination(queue))
        model = RunningModel(
            self,
            "Detector",
            project_version_arn=project_version_arn,
            start_for=queue,
            stop_when_empty=Duration.minutes(10),
        )
        worker = self._worker(model, queue)
        bucket.grant_read(worker)
        CfnOutput(self, "BucketName", value=bucket.bucket_name)
        CfnOutput(self, "QueueUrl", value=queue.queue_url)
        CfnOutput(self, "Duty", value=model.running_model_duty)

    def _worker(self, model: RunningModel, queue: sqs.Queue) -> lambda_.Function:
        worker = lambda_.Function(
            self,
            "Worker",
            runtime=lambda_.Runtime.PYTHON_3_14,
            handler="index.handler",
            code=lambda_.Code.from_inline(WORKER),
            timeout=Duration.minutes(5),
            environment={"MODEL_ARN": model.project_version_arn, "QUEUE_URL": queue.queue_url},
        )
        model.grant_detect(worker)
        queue.grant_consume_messages(worker)
        scheduler.Schedule(
            self,
            "EveryMinute",
            schedule=scheduler.ScheduleExpression.rate(Duration.minutes(1)),
            target=targets.LambdaInvoke(worker),
        )
        return worker


if __name__ == "__main__":
    app = App()
    NightlyBatchStack(app, "NightlyBatch", project_version_arn=app.node.get_context("project_version_arn"))
    app.synth()
