from __future__ import annotations

import pytest
from functions_framework._http.gunicorn import UvicornApplication
from uvicorn_worker import UvicornWorker

from envybox.receiver import serving


def test_prepare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework's server then never takes a worker for dead, nor closes what is idle."""
    monkeypatch.setenv("CLOUD_RUN_TIMEOUT_SECONDS", "10")
    monkeypatch.setenv("LOG_EXECUTION_ID", "true")
    monkeypatch.setattr(UvicornWorker, "CONFIG_KWARGS", {"loop": "auto", "http": "auto"})
    serving.prepare()
    server = UvicornApplication(None, "127.0.0.1", 0, debug=False)
    assert 0 == server.cfg.timeout
    assert {
        "loop": "auto",
        "http": "auto",
        "timeout_keep_alive": serving.KEEP_ALIVE_SECONDS,
    } == UvicornWorker.CONFIG_KWARGS
