"""One emulated Rekognition Custom Labels: an account and Region with their own state, in this process."""

from __future__ import annotations

import threading
from types import TracebackType

from local_aws.door import new_token
from local_aws.rekognition.admin import AdminApi
from local_aws.rekognition.authorization import Authorizer
from local_aws.rekognition.detection import S3Reader
from local_aws.rekognition.dispatch import Dispatcher
from local_aws.rekognition.metrics import Metrics, PutMetricData
from local_aws.rekognition.models import Models
from local_aws.rekognition.server import HttpServer
from local_aws.rekognition.trail import Trail


class RekognitionEmulator(Models):
    """The models, served on 127.0.0.1 between ``start`` and ``stop``; a context manager does both."""

    def _begin(self) -> None:
        self._closing = threading.Event()
        self._metrics = Metrics(self._store, self._closing)
        self._dispatcher = Dispatcher(self._store, self.faults, self._metrics, self._closing)
        self._server: HttpServer | None = None
        self.token = new_token()
        """What the emulator's own paths want in the header X-Local-Aws-Token; it never changes."""

    # --- running --------------------------------------------------------------------------------

    def start(self) -> RekognitionEmulator:
        """Begin to serve on a free port; raises RuntimeError if it already does."""
        if self._server is not None:
            raise RuntimeError("the emulator already runs")
        self._closing.clear()
        self._server = HttpServer(self._dispatcher, AdminApi(self), self.token)
        self._server.start()
        self._metrics.start()
        return self

    def stop(self) -> None:
        """End it; no thread and no socket stays. State and journal can still be read."""
        server, self._server = self._server, None
        if server is not None:
            self._closing.set()
            server.stop()
            self._metrics.join()

    def __enter__(self) -> RekognitionEmulator:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def endpoint(self) -> str:
        """http://127.0.0.1:PORT; raises RuntimeError while it does not run."""
        if self._server is None:
            raise RuntimeError("the emulator does not run")
        return self._server.endpoint

    # --- neighbours -----------------------------------------------------------------------------

    @property
    def authorizer(self) -> Authorizer | None:
        """Who judges calls; None allows everything."""
        return self._dispatcher.authorizer

    @authorizer.setter
    def authorizer(self, authorizer: Authorizer | None) -> None:
        self._dispatcher.authorizer = authorizer

    @property
    def s3_reader(self) -> S3Reader | None:
        """Who reads pictures from S3 for DetectCustomLabels; None: no object can be read."""
        return self._dispatcher.detection.s3_reader

    @s3_reader.setter
    def s3_reader(self, reader: S3Reader | None) -> None:
        self._dispatcher.detection.s3_reader = reader

    def record_calls_with(self, trail: Trail | None) -> None:
        """Tell it each call that CloudTrail records; None: nobody."""
        self._dispatcher.trail = trail

    def publish_metrics_to(self, put_metric_data: PutMetricData | None) -> None:
        """Put metrics there, as boto3's ``put_metric_data``, every ``settings.metrics_period_seconds``."""
        self._metrics.publish_to(put_metric_data)

    def flush_metrics(self) -> int:
        """Put metrics now, in the caller's thread; returns how many data."""
        return self._metrics.flush()

    def reset(self) -> None:
        """See ``Models``; calls a second count anew too."""
        with self._store.lock:
            super().reset()
            self._dispatcher.rates.clear()
