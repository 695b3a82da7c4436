"""The peer `hello`: an empty function on the same framework, in both of its flavours.

`hello` is the framework's default (Flask, threads), `hello_async` what the receiver runs
on (Starlette, an event loop).
"""

import functions_framework
import functions_framework.aio


@functions_framework.http
def hello(_request):
    return "ok"


@functions_framework.aio.http
async def hello_async(_request):
    return "ok"
