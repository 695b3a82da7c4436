"""Functions of a subscriber's, each as its framework calls it: they say what they were given."""

from __future__ import annotations

import json
from typing import Any

import flask
import functions_framework
import functions_framework.aio
from starlette.requests import Request

from envybox import Event, read_event


def _told(event: Event) -> str:
    return json.dumps([event.id, event.key, event.delivery.attributes.get("ce-id")])


_told_of_cloud_events: list[str] = []


@functions_framework.http
def http(request: flask.Request) -> str:
    """Answer with what came."""
    if request.method == "GET":
        return "\n".join(_told_of_cloud_events)
    return _told(read_event(request))


@functions_framework.cloud_event
def cloud_event(event: Any) -> None:
    """Tell what came on standard output: a CloudEvent's function has no answer."""
    print(_told(read_event(event)), flush=True)  # noqa: T201 - how the test sees it


@functions_framework.aio.http
async def aio_http(request: Request) -> str:
    """Answer with what came."""
    return _told(read_event(await request.body(), request.headers))


@functions_framework.aio.cloud_event
async def aio_cloud_event(event: Any) -> None:
    """Tell what came on standard output."""
    print(_told(read_event(event)), flush=True)  # noqa: T201 - how the test sees it
