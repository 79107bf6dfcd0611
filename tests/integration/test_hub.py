"""A model from the hub: name, pinned revision and token, against a small hub on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.tiny import save_model

REPOSITORY, REVISION, COMMIT, TOKEN = "kanzlei/tiny", "v1", "0123456789abcdef0123456789abcdef01234567", "hf_secret"


@dataclass
class Hub:
    """Serves one gated repository at one revision, as the hub's file and metadata addresses do."""

    folder: Path
    url: str = ""
    refused: list[str] = field(default_factory=list)

    def answer(self, request: BaseHTTPRequestHandler, *, with_body: bool) -> None:
        # Once the revision is resolved, the library goes on with the commit it stands for.
        path = request.path.partition("?")[0].replace(f"/{COMMIT}", f"/{REVISION}")
        prefix = f"/{REPOSITORY}/resolve/{REVISION}/"
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            self.refused.append(path)
            return self._send(request, 401, b"", {"X-Error-Code": "GatedRepo"})
        if path.startswith(prefix) and (self.folder / path.removeprefix(prefix)).is_file():
            content = (self.folder / path.removeprefix(prefix)).read_bytes()
            headers = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "X-Repo-Commit": COMMIT}
            return self._send(request, 200, content, headers, with_body=with_body)
        if path.startswith(f"/api/models/{REPOSITORY}") and REVISION in path.split("/"):
            files = [{"rfilename": file.name} for file in self.folder.iterdir()]
            content = json.dumps({"id": REPOSITORY, "sha": COMMIT, "siblings": files, "tags": []}).encode()
            tree = [
                {"type": "file", "path": f.name, "size": f.stat().st_size, "oid": "0"} for f in self.folder.iterdir()
            ]
            return self._send(request, 200, json.dumps(tree).encode() if "/tree/" in path else content, {})
        code = "EntryNotFound" if REVISION in path.split("/") else "RevisionNotFound"
        return self._send(request, 404, b"", {"X-Error-Code": code, "X-Repo-Commit": COMMIT})

    @staticmethod
    def _send(
        request: BaseHTTPRequestHandler, status: int, content: bytes, headers: dict[str, str], *, with_body: bool = True
    ) -> None:
        request.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            request.send_header(name, value)
        request.end_headers()
        if with_body:
            request.wfile.write(content)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    folder = tmp_path_factory.mktemp("hub")
    save_model(folder)
    served = Hub(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.answer(self, with_body=True)

        def do_HEAD(self) -> None:
            served.answer(self, with_body=False)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield served
    server.shutdown()


def load(hub: Hub, cache: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Load in a process of its own: the hub library reads its environment once."""
    program = (
        "import sys, json; from legaltune.config.schema import ModelConfig; "
        "from legaltune.model.base import load_base_model, load_tokenizer; "
        "from legaltune.errors import LegaltuneError\n"
        f"config = ModelConfig(**{settings!r})\n"
        "try: print(load_base_model(config).num_parameters(), len(load_tokenizer(config)))\n"
        "except LegaltuneError as error: print(error); sys.exit(error.exit_code)"
    )
    environment = os.environ | {
        "HF_ENDPOINT": hub.url,
        "HF_HOME": str(cache),
        "MY_TOKEN": TOKEN,
        "HF_HUB_DISABLE_XET": "1",
    }
    for name in ("HF_TOKEN", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-c", program], env=environment, check=False, capture_output=True, text=True, timeout=120
    )


def test_a_gated_model_is_loaded_at_the_pinned_revision_with_the_token(hub: Hub, tmp_path: Path) -> None:
    done = load(hub, tmp_path, name=REPOSITORY, revision=REVISION, token_variable="MY_TOKEN")
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[0]) > 10_000
    assert list(tmp_path.glob(f"hub/models--kanzlei--tiny/snapshots/{COMMIT}/model.safetensors"))


@pytest.mark.parametrize(
    "settings",
    [
        {"name": REPOSITORY, "revision": REVISION, "token_variable": "NO_SUCH_VARIABLE"},
        {"name": REPOSITORY, "revision": "v2", "token_variable": "MY_TOKEN"},
    ],
    ids=["without token", "unknown revision"],
)
def test_what_cannot_be_had_is_an_unavailable_service(hub: Hub, tmp_path: Path, settings: dict[str, str]) -> None:
    done = load(hub, tmp_path, **settings)
    assert done.returncode == 69, done.stdout + done.stderr
    assert "model.revision" in done.stdout
