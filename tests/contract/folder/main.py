"""The receiver's entry points on the folder, as main.py has them on the settings' backend."""

import sys
from pathlib import Path

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

sys.path.insert(0, str(Path(__file__).parents[3]))  # what the framework finds beside main.py

from envybox import settings
from envybox.receiver import serving
from envybox.receiver.app import App
from tests.contract.folder.backend import open_backend

serving.prepare()
_app = App(settings.load(), open_backend)


@functions_framework.aio.http
async def webhook(request: Request) -> Response:
    """Take a webhook."""
    return await _app.webhook(request)


@functions_framework.aio.http
async def recover(request: Request) -> Response:
    """Publish what is pending."""
    return await _app.recover(request)
