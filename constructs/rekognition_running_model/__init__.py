"""Run an Amazon Rekognition Custom Labels model from an AWS CDK stack, and stop it with the stack."""

from rekognition_running_model.guards import RunningHours
from rekognition_running_model.janitor import RunningModelJanitor
from rekognition_running_model.provider import RunningModelProvider
from rekognition_running_model.running_model import IRunningModel, Replacement, RunningModel

__all__ = [
    "IRunningModel",
    "Replacement",
    "RunningHours",
    "RunningModel",
    "RunningModelJanitor",
    "RunningModelProvider",
]
