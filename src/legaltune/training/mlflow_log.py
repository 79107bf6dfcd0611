"""Reports a run to MLflow: the configuration, metrics per step, and how it ended."""

from __future__ import annotations

import importlib
import json
import logging
import os
import queue
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import legaltune
from legaltune.config.schema import RunConfig
from legaltune.errors import (
    ConfigurationError,
    InterruptedRunError,
    LegaltuneError,
    NotPermittedError,
    ServiceUnavailableError,
)

logger = logging.getLogger(__name__)

# By itself MLflow tries for minutes, sends usage statistics to its makers, logs its own way and prints to stdout.
_DEFAULT_ENVIRONMENT = {
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
_MAX_PARAMETERS_PER_CALL, _MAX_METRICS_PER_CALL = 100, 1000
_MAX_VALUE_CHARACTERS = 500  # MLflow 3 takes 6,000, servers of MLflow 1 and 2 refuse what is longer than 500 or 250
_PAUSE_AFTER_FAILURE_SECONDS = 60.0
_CLOSING_SECONDS = 20.0
_SERVER_SCHEMES = frozenset({"http", "https", "databricks"})
_NOT_PERMITTED_CODES = frozenset({"UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED"})
_SECRET_IN_URL = re.compile(r"(?<=://)[^/@\s]+@")


class MlflowRun:
    """A run on an MLflow server or store.

    Records are sent by a thread of their own: a server that answers slowly does not hold up training, one that fails
    is warned of once and tried again later, with all that it has missed.

    Args:
        config: Configuration of the run; `tracking.mlflow_uri` is set.
        run_name: Name of the run.

    Raises:
        ConfigurationError: The address holds a password.
    """

    def __init__(self, config: RunConfig, *, run_name: str) -> None:
        self._config = config
        self._run_name = run_name
        self._uri = _without_password(config.tracking.mlflow_uri or "")
        self._run_id = ""
        self._client: Any = None
        self._records: queue.SimpleQueue[list[Any] | str] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="mlflow", daemon=True)
        self._is_warned = False

    def __enter__(self) -> MlflowRun:
        """Begin the run and write its parameters.

        Raises:
            ConfigurationError: MLflow is not installed, or cannot use the address.
            NotPermittedError: The server refuses the credentials.
            ServiceUnavailableError: The server does not answer.
        """
        client_type = _import_client()
        with _explained(self._uri):
            self._client = client_type(tracking_uri=self._uri)
            experiment_id = self._experiment_id(self._config.tracking.mlflow_experiment)
            tags = {"legaltune.version": legaltune.__version__}
            self._run_id = self._client.create_run(experiment_id, tags=tags, run_name=self._run_name).info.run_id
            self._log_parameters()
        logger.info("MLflow run %s in experiment %s", self._run_id, self._config.tracking.mlflow_experiment)
        self._thread.start()
        return self

    def record(self, step: int, values: Mapping[str, float]) -> None:
        """Hand over the metrics of a step; returns at once."""
        from mlflow.entities import Metric  # noqa: PLC0415 - optional, and slow to import

        now = int(time.time() * 1000)
        self._records.put([Metric(name, value, now, step) for name, value in values.items()])

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        is_interrupted = isinstance(error, (KeyboardInterrupt, SystemExit, InterruptedRunError))
        self._records.put("FINISHED" if error is None else "KILLED" if is_interrupted else "FAILED")
        self._thread.join(_CLOSING_SECONDS)
        if self._thread.is_alive():
            self._warn(f"it did not answer within {_CLOSING_SECONDS:.0f} s of the run's end")

    def _experiment_id(self, name: str) -> str:
        experiment = self._client.get_experiment_by_name(name)
        if experiment is None:
            return str(self._client.create_experiment(name))
        return str(experiment.experiment_id)

    def _log_parameters(self) -> None:
        from mlflow.entities import Param  # noqa: PLC0415

        parameters = [Param(name, value) for name, value in flat_parameters(self._config).items()]
        for chunk in _chunks(parameters, _MAX_PARAMETERS_PER_CALL):
            self._client.log_batch(self._run_id, params=chunk)

    def _deliver(self) -> None:
        """Work of the thread: send what is handed over until a status ends the run."""
        waiting: list[Any] = []
        next_try = 0.0
        while (status := self._take(waiting)) is None:
            if time.monotonic() >= next_try and not self._send(waiting):
                next_try = time.monotonic() + _PAUSE_AFTER_FAILURE_SECONDS
        if self._send(waiting):
            self._end(status)

    def _take(self, waiting: list[Any]) -> str | None:
        """Wait for a record and add all that are there to the list; returns the status if it has come."""
        while True:
            record = self._records.get()
            if isinstance(record, str):
                return record
            waiting += record
            if self._records.empty():
                return None

    def _send(self, waiting: list[Any]) -> bool:
        """Send metrics and take them off the list; returns whether all were sent."""
        try:
            for chunk in list(_chunks(waiting, _MAX_METRICS_PER_CALL)):
                self._client.log_batch(self._run_id, metrics=chunk)
                del waiting[: len(chunk)]
        except Exception as error:  # whatever it is, training is worth more
            self._warn(_one_line(error))
        return not waiting

    def _end(self, status: str) -> None:
        try:
            self._client.set_terminated(self._run_id, status)
        except Exception as error:
            self._warn(_one_line(error))

    def _warn(self, reason: str) -> None:
        if not self._is_warned:
            self._is_warned = True
            logger.warning("MLflow run %s may lack metrics or its status; training goes on: %s", self._run_id, reason)


def flat_parameters(config: RunConfig) -> dict[str, str]:
    """The configuration as `section.field` -> text (JSON where it is no text), cut to what every server takes."""
    return {
        name: _cut(_SECRET_IN_URL.sub("***@", value if isinstance(value, str) else json.dumps(value)))
        for name, value in _flatten(config.model_dump(mode="json"))
    }


def _flatten(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _cut(text: str) -> str:
    return text if len(text) <= _MAX_VALUE_CHARACTERS else text[: _MAX_VALUE_CHARACTERS - 1] + "…"


def _chunks(items: Sequence[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def _without_password(uri: str) -> str:
    """The address as it is, if it may be shown: it also stands in the saved configuration and in the report."""
    parts = urlsplit(uri)
    is_secret = parts.password is not None or (parts.username is not None and parts.scheme in _SERVER_SCHEMES)
    if is_secret or any("password" in name.lower() or "token" in name.lower() for name, _ in parse_qsl(parts.query)):
        raise ConfigurationError(
            "tracking.mlflow_uri holds a user or password: take it out and set the environment variables "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN (a database has its own, "
            "PostgreSQL for example PGPASSWORD)"
        )
    return uri


def _import_client() -> Any:
    for name, value in _DEFAULT_ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    try:
        return importlib.import_module("mlflow").MlflowClient
    except ImportError:
        raise ConfigurationError(
            "tracking.mlflow_uri is set, but MLflow is not installed: `pip install mlflow-skinny==3.17.2`, or leave "
            "tracking.mlflow_uri unset"
        ) from None


@contextmanager
def _explained(uri: str) -> Iterator[None]:
    """Turn whatever MLflow raises into an error that says what to do."""
    try:
        yield
    except Exception as error:
        raise _explain(error, uri) from error


def _explain(error: Exception, uri: str) -> LegaltuneError:
    code, reason = getattr(error, "error_code", ""), _one_line(error)
    if code in _NOT_PERMITTED_CODES:
        return NotPermittedError(
            f"MLflow at {uri} refuses: {reason}; set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
            "MLFLOW_TRACKING_TOKEN"
        )
    scheme = urlsplit(uri).scheme
    if scheme in _SERVER_SCHEMES and code in ("", "INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"):
        return ServiceUnavailableError(
            f"MLflow at {uri} does not answer: {reason}; start it, or leave tracking.mlflow_uri unset"
        )
    needs = " (a database needs SQLAlchemy and Alembic: `pip install sqlalchemy alembic`)" if "sql" in scheme else ""
    return ConfigurationError(f"MLflow cannot use tracking.mlflow_uri {uri}{needs}: {reason}")


def _one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())[:500]}"
