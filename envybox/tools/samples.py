"""Sample webhooks: the help page's example and one of each type, for a store that is empty."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def load() -> list[dict[str, str]]:
    """Return the fields of each sample, without a key. People and domains are invented."""
    text = Path(__file__).with_name("samples.json").read_text("utf-8")
    return [sample["fields"] for sample in json.loads(text)]


def send(url: str, key: str) -> None:
    """Send each sample as Envybox would. Raises `OSError` where one is not answered 2xx."""
    for fields in load():
        body = urlencode({**fields, "key": key}).encode()
        _http.open(url, body, timeout=10).close()
