"""The clients that call AWS: one session for all, which looks for nothing that the handler does not use.

botocore's own session, without boto3's: that one adds what only resources and transfers of S3 need.
"""

from __future__ import annotations

from typing import Any, Final

from botocore.awsrequest import AWSRequest
from botocore.loaders import Loader
from botocore.session import Session

from running_model_handler.shell.calls import CLIENT_CONFIG

REKOGNITION: Final = "rekognition"
CLOUDFORMATION: Final = "cloudformation"
LAMBDA: Final = "lambda"
CLOUDWATCH: Final = "cloudwatch"
SQS: Final = "sqs"
_NEEDED_AT_ONCE: Final = (REKOGNITION, CLOUDFORMATION)
"""By every request, before a model is started or stopped. The one for Lambda, only to hand over;
those for CloudWatch and SQS, only by sweeps of models whose guards ask them."""


class _FewServices(Loader):
    """botocore's service models, of which it only has to know that ours are among them.

    It would look into each of its 400 folders, once for the model of a service and once for its endpoints:
    a third of the time in which a client is made.
    """

    def list_available_services(self, _: str) -> list[str]:
        """What there is to load."""
        return [REKOGNITION, CLOUDFORMATION, LAMBDA, CLOUDWATCH, SQS]


def new_session() -> Session:
    """A session that finds its credentials and its Region where botocore always does."""
    session = Session()
    models = _FewServices([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    session.register_component("data_loader", models)
    return session


class Clients:
    """One client for each service, made when it is first asked for."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._made: dict[str, Any] = {}

    def get(self, service: str) -> Any:
        """The client of a service."""
        if service not in self._made:
            self._made[service] = self._session.create_client(service, config=CLIENT_CONFIG)
        return self._made[service]

    def make_ready(self) -> None:
        """Make those that every request needs, and open their connections.

        Three quarters of the time of a first call go into reading the certificates of 140 authorities and
        into TLS. The request is no call: unsigned, and whatever it is answered is let go. Should a connection
        not last until it is needed, the client opens another one, as it does after each longer pause. That
        the request goes through a part of the client which botocore does not document can cost the head
        start, and no more: see ``Services.prepare``.
        """
        for client in [self.get(service) for service in _NEEDED_AT_ONCE]:
            request = AWSRequest("GET", f"{client.meta.endpoint_url}/ping").prepare()
            client._endpoint.http_session.send(request)
