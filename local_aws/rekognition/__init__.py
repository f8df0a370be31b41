"""An emulator of Amazon Rekognition Custom Labels, behind the service's own protocol."""

from local_aws.rekognition.authorization import AuthorizationRequest, Authorizer
from local_aws.rekognition.clock import Clock, HandClock, RealClock
from local_aws.rekognition.emulator import RekognitionEmulator
from local_aws.rekognition.errors import ApiError
from local_aws.rekognition.faults import Fault, Faults
from local_aws.rekognition.journal import Entry, Journal
from local_aws.rekognition.models import BY_HAND
from local_aws.rekognition.records import DELETED
from local_aws.rekognition.settings import REGIONS, Settings
from local_aws.rekognition.trail import TrailEvent

__all__ = [
    "BY_HAND",
    "DELETED",
    "REGIONS",
    "ApiError",
    "AuthorizationRequest",
    "Authorizer",
    "Clock",
    "Entry",
    "Fault",
    "Faults",
    "HandClock",
    "Journal",
    "RealClock",
    "RekognitionEmulator",
    "Settings",
    "TrailEvent",
]
