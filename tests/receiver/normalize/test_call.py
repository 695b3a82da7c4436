from __future__ import annotations

from datetime import UTC, datetime

import pytest

from envybox.event import Call
from envybox.receiver.normalize.call import call_of, state_of
from tests.receiver.normalize.support import event_with, form_with, reasons


@pytest.mark.parametrize(
    ("prose", "state"),
    [
        ("Клиент не взял трубку", "client_no_answer"),
        ("Оператор не взял трубку", "operator_no_answer"),
        ("Оператор был занят", "operator_busy"),
        ("Состоялся разговор", "answered"),
        ("Заказ звонка", "callback_ordered"),
        ("Заказ звонка на 01.01.2021 в 0:00:00", "callback_scheduled"),
        ("Заказ звонка на", "callback_scheduled"),
        ("  СОСТОЯЛСЯ \xa0 РАЗГОВОР\r\n", "answered"),
        ("Клиёнт нё взял трубку", "client_no_answer"),
        ("Состоялся разговор.", "answered"),
        ("Оператор был занят!", "operator_busy"),
        ("Клиент не взял трубку —", "client_no_answer"),
        ("Заказ звонка - ", "callback_ordered"),
        ("Заказ звонка…", "callback_ordered"),
        ("Заказ звонка на 01.01.2021 в 0:00:00.", "callback_scheduled"),
        ("Заказ звонка на завтра в 10:00", "callback_scheduled"),
        ("Заказ звонка на Послезавтра", "callback_scheduled"),
        ("Заказ звонка на среду в 9", "callback_scheduled"),
        ("Заказ звонка на 10:00", "callback_scheduled"),
        ("Заказ звонка на завтрак", "other"),
        ("Заказ звонка на сайте 24", "other"),
        ("…", "other"),
        ("Заказ звонка надолго", "other"),
        ("Абонент недоступен", "other"),
    ],
)
def test_states(prose: str, state: str) -> None:
    """The prose tells the state; case, ё or е, white space and marks at the end do not matter."""
    assert state == state_of(prose)[0]


@pytest.mark.parametrize(
    "prose",
    [
        "Заказ звонка на 02.01.2021 в 0:05:00",
        "заказ звонка  на 2.1.2021 в 0:05",
        "Заказ звонка на 02.01.2021 0:05",
        "Заказ звонка на 02.01.21, 0:05!",
    ],
)
def test_scheduled(prose: str) -> None:
    """A call-back for another time has that time, in UTC; the prose is kept."""
    call = call_of(form_with(call_state=prose))

    expected = datetime(2021, 1, 1, 21, 5, tzinfo=UTC)
    assert Call(state="callback_scheduled", state_text=prose, scheduled_at=expected) == call


@pytest.mark.parametrize(
    "time", ["", " завтра", " завтра в 10:00", " 99.01.2021 в 0:00:00", " 01.01.0001 в 0:00"]
)
def test_scheduled_for_no_time(time: str) -> None:
    """A call-back for a time that cannot be read is still one, with a warning."""
    event = event_with(call_state=f"Заказ звонка на{time}")

    assert event.call is not None
    assert ("callback_scheduled", None) == (event.call.state, event.call.scheduled_at)
    assert [("call_state", "not a time")] == reasons(event)


def test_unknown_state() -> None:
    """A state that is not known is told in a warning, and kept as it is."""
    event = event_with(call_state="Абонент недоступен")

    assert event.call is not None
    assert ("other", "Абонент недоступен") == (event.call.state, event.call.state_text)
    assert [("call_state", "not a known state")] == reasons(event)


def test_all_fields() -> None:
    """A call has all that was sent of it."""
    call = call_of(
        form_with(
            call_id="1",
            call_state="Состоялся разговор",
            called_at="2021-03-02 10:36:14",
            call_duration="61",
            call_record="https://example.com/1",
        )
    )

    assert (
        Call(
            id="1",
            state="answered",
            state_text="Состоялся разговор",
            called_at=datetime(2021, 3, 2, 7, 36, 14, tzinfo=UTC),
            duration_seconds=61,
            record_url="https://example.com/1",
        )
        == call
    )


@pytest.mark.parametrize(
    "name", ["call_id", "call_state", "called_at", "call_duration", "call_record"]
)
def test_one_field_makes_a_call(name: str) -> None:
    """There is a call where one of its fields is filled, and none where none is."""
    assert call_of(form_with(**{name: "7"})) is not None
    assert call_of(form_with(**{name: " "})) is None


@pytest.mark.parametrize("text", ["1:01", "-1", "1.5", "²", "9" * 19])
def test_duration_that_is_no_number(text: str) -> None:
    """A duration that is not in digits is None, with a warning."""
    event = event_with(call_duration=text)

    assert Call() == event.call
    assert [("call_duration", "not a number")] == reasons(event)
