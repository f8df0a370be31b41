"""DetectCustomLabels: a picture from the request or from S3, and invented labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from local_aws.platform.rekognition import RUNNING
from local_aws.rekognition import images
from local_aws.rekognition.authorization import AuthorizationRequest, Authorizer
from local_aws.rekognition.errors import ApiError, invalid_parameter
from local_aws.rekognition.operations import Answer, Call, Operation
from local_aws.rekognition.quotas import Rates
from local_aws.rekognition.records import CUSTOM_LABELS, Version
from local_aws.rekognition.store import Store

S3Reader = Callable[[str, str, str | None], bytes]
"""(bucket, key, version or None) → the object; raises anything where it can't be read, such as in another
Region than the model's."""


class Detection:
    """Answers DetectCustomLabels; ``s3_reader`` may be set at any time."""

    def __init__(self, rates: Rates) -> None:
        self.s3_reader: S3Reader | None = None
        self.authorizer: Authorizer | None = None
        self._rates = rates

    @property
    def operation(self) -> Operation:
        """Its line in the table of operations."""

        def arn(parameters: Any) -> str:
            return str(parameters["ProjectVersionArn"])

        return Operation(self.answer, "detect_calls_per_second", arn, arn)

    def answer(self, store: Store, call: Call) -> Answer:
        """DetectCustomLabels. Called without the store's lock: S3 may be slow."""
        image = call.parameters["Image"]
        if ("Bytes" in image) == ("S3Object" in image):
            raise invalid_parameter("Image must have either Bytes or S3Object.")
        with store.lock:
            version = store.version(call.parameters["ProjectVersionArn"])
            self._ready(store, version)
        data = image["Bytes"] if "Bytes" in image else self._read(image["S3Object"], call)
        images.look(data, images.BYTES_MAX if "Bytes" in image else images.S3_BYTES_MAX)
        least = call.parameters.get("MinConfidence", images.ASSUMED_THRESHOLD)
        found = images.labels_of(data, version.arn, version.labels)
        labels = [{"Name": name, "Confidence": value} for name, value in found if value >= least]
        return {"CustomLabels": labels[: call.parameters.get("MaxResults")]}

    def _ready(self, store: Store, version: Version) -> None:
        if version.feature != CUSTOM_LABELS:
            raise invalid_parameter(f"DetectCustomLabels doesn't apply to the feature {version.feature}.")
        if version.status != RUNNING:
            raise ApiError(
                "ResourceNotReadyException",
                f"The version {version.arn} is {version.status}; it has to be RUNNING to detect labels.",
            )
        rate = store.settings.detect_calls_per_unit_second
        if version.load is not None:
            version.load.calls += 1
        units = version.units_in_service or 1
        if not self._rates.take(version.arn, None if rate is None else rate * units):
            raise ApiError(
                "ProvisionedThroughputExceededException",
                f"The version {version.arn} is over the capacity of its {units} inference units.",
            )

    def _read(self, place: dict[str, str], call: Call) -> bytes:
        """The picture, read with the caller's own permission (Custom Labels guide, su-sdk-permissions)."""
        problem = ApiError(
            "InvalidS3ObjectException",
            "Unable to get the object from S3. Check its bucket, key, Region and permissions.",
        )
        if self.s3_reader is None or not place.get("Bucket") or not place.get("Name"):
            raise problem
        try:
            if not self._may_read(place, call):
                raise problem
            return self.s3_reader(place["Bucket"], place["Name"], place.get("Version"))
        except Exception as error:  # whatever a reader raises means that there is no object
            raise problem from error

    def _may_read(self, place: dict[str, str], call: Call) -> bool:
        if self.authorizer is None:
            return True
        asked = AuthorizationRequest(
            access_key_id=call.principal,
            session_token=call.session_token,
            action="s3:GetObjectVersion" if "Version" in place else "s3:GetObject",
            resource_arn=f"arn:aws:s3:::{place['Bucket']}/{place['Name']}",
        )
        return self.authorizer(asked) is None
