from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import mlflow
import pytest

import legaltune
from legaltune.config.schema import DataConfig, RunConfig, TrackingConfig
from legaltune.errors import (
    ConfigurationError,
    InterruptedRunError,
    LegaltuneError,
    NotPermittedError,
    ServiceUnavailableError,
)
from legaltune.run_directory import RunDirectory
from legaltune.training import mlflow_log
from legaltune.training.metrics import open_metric_log
from legaltune.training.mlflow_log import MlflowRun, flat_parameters


@pytest.fixture(autouse=True)
def short_timeouts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")


@pytest.fixture(params=["file", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Address of a new local store."""
    if request.param == "file":
        return (tmp_path / "mlruns").as_uri()
    if not (find_spec("sqlalchemy") and find_spec("alembic")):
        pytest.skip("MLflow needs SQLAlchemy and Alembic for a database")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


def config_for(uri: str, **data: Any) -> RunConfig:
    return RunConfig(tracking=TrackingConfig(mlflow_uri=uri, mlflow_experiment="Urteile"), data=DataConfig(**data))


def only_run(uri: str) -> Any:
    client = mlflow.MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name("Urteile")
    [run] = client.search_runs([experiment.experiment_id])
    return run


class FakeServer(ThreadingHTTPServer):
    """Speaks the REST calls a run makes, and fails or hangs when told to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.uri = f"http://127.0.0.1:{self.server_address[1]}"
        self.status = 200
        self.is_hanging = False
        self.num_failed = 0
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def bodies(self, name: str) -> list[dict[str, Any]]:
        return [body for called, body in self.calls if called == name]

    def answer(self, name: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        while self.is_hanging:
            time.sleep(0.05)
        if self.status != 200:
            self.num_failed += 1
            return self.status, {"error_code": {401: "UNAUTHENTICATED"}.get(self.status, "INTERNAL_ERROR")}
        self.calls.append((name, body))
        if name == "experiments/get-by-name":
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST"}
        if name == "experiments/create":
            return 200, {"experiment_id": "7"}
        return 200, {"run": {"info": {"run_id": "r1", "run_uuid": "r1"}}} if name == "runs/create" else {}


class _Handler(BaseHTTPRequestHandler):
    server: FakeServer

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length) or "{}")
        name = self.path.partition("?")[0].removeprefix("/api/2.0/mlflow/")
        if name.startswith("/"):
            status, text = 404, b"<html>Not Found</html>"
        else:
            status, answer = self.server.answer(name, body)
            text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving() -> Iterator[FakeServer]:
    server = FakeServer()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.is_hanging = False
        server.shutdown()
        server.server_close()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with serving() as running:
        yield running


def test_a_run_stands_in_the_store(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = config_for(store, input=("Urteile.zip", "s3://bucket/Urteile"))
    with open_metric_log(config, RunDirectory(tmp_path / "first")) as metrics:
        metrics.record(10, loss=2.0, learning_rate=1e-4)
        metrics.record(20, loss=1.5, mfu=None)
        metrics.record(20, validation_loss=1.75)
    assert capsys.readouterr().out == ""  # standard output is for results
    run = only_run(store)
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "first"
    assert run.data.tags["legaltune.version"] == legaltune.__version__
    assert run.data.params["optimizer.learning_rate"] == "0.0002"
    assert run.data.params["data.input"] == '["Urteile.zip", "s3://bucket/Urteile"]'
    assert run.data.params["data.split.test"] == "0.1"
    assert run.data.params["train.max_steps"] == "null"
    assert set(run.data.metrics) == {"loss", "learning_rate", "validation_loss"}
    history = mlflow.MlflowClient(tracking_uri=store).get_metric_history(run.info.run_id, "loss")
    assert [(metric.step, metric.value) for metric in history] == [(10, 2.0), (20, 1.5)]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ValueError("bug"), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (InterruptedRunError("SIGTERM"), "KILLED"),
    ],
)
def test_the_status_says_how_the_run_ended(tmp_path: Path, error: BaseException, status: str) -> None:
    uri = (tmp_path / "mlruns").as_uri()
    with pytest.raises(type(error)), MlflowRun(config_for(uri), run_name="first") as run:
        run.record(1, {"loss": 2.0})
        raise error
    assert only_run(uri).info.status == status
    assert only_run(uri).data.metrics == {"loss": 2.0}


def test_two_runs_share_an_experiment(tmp_path: Path) -> None:
    uri = (tmp_path / "mlruns").as_uri()
    for name in ("first", "second"):
        with MlflowRun(config_for(uri), run_name=name):
            pass
    client = mlflow.MlflowClient(tracking_uri=uri)
    runs = client.search_runs([client.get_experiment_by_name("Urteile").experiment_id])
    assert {run.info.run_name for run in runs} == {"first", "second"}


def test_a_server_gets_parameters_in_batches_that_it_takes(server: FakeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mlflow_log, "_MAX_PARAMETERS_PER_CALL", 10)
    config = config_for(server.uri)
    with MlflowRun(config, run_name="first"):
        pass
    batches = [body["params"] for body in server.bodies("runs/log-batch")]
    assert max(map(len, batches)) == 10
    assert {item["key"]: item["value"] for batch in batches for item in batch} == flat_parameters(config)
    assert server.bodies("runs/update")[-1]["status"] == "FINISHED"


def test_records_that_pile_up_are_sent_together(server: FakeServer) -> None:
    with MlflowRun(config_for(server.uri), run_name="first") as run:
        server.is_hanging = True
        for step in range(500):
            run.record(step, {"loss": 1.0, "learning_rate": 0.1, "mfu": 0.5})
        server.is_hanging = False
    batches = [body["metrics"] for body in server.bodies("runs/log-batch") if "metrics" in body]
    assert _steps_received(server) == Counter(dict.fromkeys(range(500), 3))
    assert max(map(len, batches)) <= 1000
    assert len(batches) < 10


def entering(uri: str) -> LegaltuneError:
    with pytest.raises(LegaltuneError) as raised, MlflowRun(config_for(uri), run_name="first"):
        pytest.fail("the run began")
    return raised.value


def test_a_server_that_is_not_there_is_said_before_training_begins() -> None:
    with serving() as gone:
        uri = gone.uri
    error = entering(uri)
    assert isinstance(error, ServiceUnavailableError)
    assert uri in str(error)
    assert "tracking.mlflow_uri" in str(error)


def test_a_server_that_does_not_answer_is_given_up_soon(server: FakeServer) -> None:
    server.is_hanging = True
    start = time.monotonic()
    assert isinstance(entering(server.uri), ServiceUnavailableError)
    assert time.monotonic() - start < 10


def test_a_server_that_is_broken_is_unavailable(server: FakeServer) -> None:
    server.status = 500
    assert isinstance(entering(server.uri), ServiceUnavailableError)


def test_a_server_that_wants_credentials_is_not_permitted(server: FakeServer) -> None:
    server.status = 401
    error = entering(server.uri)
    assert isinstance(error, NotPermittedError)
    assert "MLFLOW_TRACKING_TOKEN" in str(error)


def test_a_server_that_is_not_mlflow_is_a_mistake_in_the_address(server: FakeServer) -> None:
    error = entering(f"{server.uri}/elsewhere")
    assert isinstance(error, ConfigurationError)
    assert "tracking.mlflow_uri" in str(error)


def test_a_scheme_that_mlflow_does_not_know_is_a_mistake_in_the_address() -> None:
    error = entering("gopher://host/store")
    assert isinstance(error, ConfigurationError)
    assert "tracking.mlflow_uri gopher://host/store" in str(error)


def test_mlflow_that_is_not_installed_is_named_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    error = entering("http://127.0.0.1:9")
    assert isinstance(error, ConfigurationError)
    assert "pip install mlflow-skinny" in str(error)


def test_a_server_that_fails_in_the_middle_is_warned_of_once_and_gets_all_when_it_is_back(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(mlflow_log, "_PAUSE_AFTER_FAILURE_SECONDS", 0.0)
    with caplog.at_level(logging.WARNING, "legaltune"), MlflowRun(config_for(server.uri), run_name="first") as run:
        run.record(1, {"loss": 1.0})
        _wait_until(lambda: len(_steps_received(server)) == 1)
        server.status = 500
        for step in (2, 3):
            run.record(step, {"loss": float(step)})
            _wait_until(lambda failed=step - 1: server.num_failed == failed)
        server.status = 200
        run.record(4, {"loss": 4.0})
    assert len(caplog.messages) == 1
    assert "training goes on" in caplog.text
    assert _steps_received(server) == Counter([1, 2, 3, 4])
    assert server.bodies("runs/update")[-1]["status"] == "FINISHED"


def test_a_server_that_hangs_holds_up_neither_the_steps_nor_the_end(
    server: FakeServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "100")
    monkeypatch.setattr(mlflow_log, "_CLOSING_SECONDS", 0.5)
    with caplog.at_level(logging.WARNING, "legaltune"), MlflowRun(config_for(server.uri), run_name="first") as run:
        server.is_hanging = True
        start = time.monotonic()
        for step in range(100):
            run.record(step, {"loss": 1.0})
        assert time.monotonic() - start < 1
        start = time.monotonic()
    assert time.monotonic() - start < 5
    assert "did not answer" in caplog.text


@pytest.mark.parametrize(
    "uri",
    [
        "https://anna:geheim@mlflow.example",
        "https://geheim@mlflow.example",
        "postgresql://anna:geheim@host/mlflow",
        "postgresql://host/mlflow?password=geheim",
    ],
)
def test_an_address_with_a_password_is_refused_without_repeating_it(uri: str) -> None:
    error = entering(uri)
    assert isinstance(error, ConfigurationError)
    assert "MLFLOW_TRACKING_PASSWORD" in str(error)
    assert "geheim" not in str(error)


def test_parameters_hold_no_passwords_and_are_short_enough() -> None:
    long = tuple(f"folder-{number}" for number in range(200))
    parameters = flat_parameters(config_for("http://host", input=("https://anna:geheim@host/a.zip", *long)))
    assert "geheim" not in "".join(parameters.values())
    assert parameters["data.input"].startswith('["https://***@host/a.zip"')
    assert len(parameters["data.input"]) == 500


def _steps_received(server: FakeServer) -> Counter[int]:
    metrics = [metric for body in server.bodies("runs/log-batch") for metric in body.get("metrics", [])]
    return Counter(int(metric["step"]) for metric in metrics)


def _wait_until(condition: Any) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
