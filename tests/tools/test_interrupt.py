from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from envybox.tools.interrupt import SIGNALS, Interrupt


@pytest.fixture
def interrupt() -> Iterator[Interrupt]:
    """An interrupt that is installed for the test."""
    before = {number: signal.getsignal(number) for number in SIGNALS}
    made = Interrupt()
    made.install()
    yield made
    for number, handler in before.items():
        signal.signal(number, handler)


def _send(number: int = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.usefixtures("interrupt")
def test_once(number: int) -> None:
    """The first signal interrupts; what follows is dropped, whichever it is."""
    with pytest.raises(KeyboardInterrupt):
        _send(number)
    for following in SIGNALS:
        _send(following)


def test_held(interrupt: Interrupt) -> None:
    """A signal that comes while it is held interrupts at the end."""
    done = []

    def work() -> None:
        with interrupt.held():
            _send()
            done.append("the rest")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert ["the rest"] == done
    with interrupt.held():
        _send()


def test_nothing_came(interrupt: Interrupt) -> None:
    """Without a signal nothing is raised, and the next one interrupts."""
    with interrupt.held():
        pass
    with pytest.raises(KeyboardInterrupt):
        _send()


def test_failure_while_held(interrupt: Interrupt) -> None:
    """What fails while it is held is what is raised."""

    def work() -> None:
        with interrupt.held():
            _send()
            raise OSError("no such program")

    with pytest.raises(OSError, match="no such program"):
        work()
