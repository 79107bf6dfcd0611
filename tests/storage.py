"""An S3 server on loopback for tests (moto's, spoken to through the real boto3)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from moto.server import ThreadedMotoServer

BUCKET = "kanzlei"


def point_at(patch: pytest.MonkeyPatch, url: str) -> None:
    """Let boto3 use this endpoint with made-up credentials, whatever the environment holds."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "AWS_PROFILE"):
        patch.delenv(name, raising=False)
    patch.setenv("AWS_ENDPOINT_URL", url)
    patch.setenv("AWS_ACCESS_KEY_ID", "test")
    patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    patch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    patch.setenv("AWS_CONFIG_FILE", "/nowhere")
    patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")


@contextmanager
def s3_server() -> Iterator[Any]:
    """Start the server with one empty bucket; yields a boto3 client."""
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    with pytest.MonkeyPatch.context() as patch:
        point_at(patch, url)
        # What an earlier server of this process held is still there.
        urlopen(Request(f"{url}/moto-api/reset", method="POST")).close()
        client = boto3.session.Session().client("s3")
        location = {"LocationConstraint": "eu-central-1"}
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
        yield client
    server.stop()


def contents(client: Any) -> dict[str, bytes]:
    """All objects of the bucket."""
    listed = client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {item["Key"]: client.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read() for item in listed}


def empty(client: Any) -> None:
    """Remove all objects of the bucket."""
    for key in contents(client):
        client.delete_object(Bucket=BUCKET, Key=key)
