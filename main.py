"""The entry points of the two Cloud Functions; `envybox.receiver.app` is what they do."""

import functions_framework.aio
from starlette.requests import Request
from starlette.responses import Response

from envybox.receiver import app, serving

serving.prepare()
_app = app.start()


@functions_framework.aio.http
async def webhook(request: Request) -> Response:
    """Take a webhook of Envybox (public)."""
    return await _app.webhook(request)


@functions_framework.aio.http
async def recover(request: Request) -> Response:
    """Publish what is pending, and take what was spooled (private).

    Called by Cloud Scheduler, and by the push subscription of the spool's topic.
    """
    return await _app.recover(request)
