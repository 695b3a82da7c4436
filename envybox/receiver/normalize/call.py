"""The call, and its state in Russian prose."""

from __future__ import annotations

from envybox.event import Call, CallState
from envybox.receiver.normalize.form import Form

_STATES: dict[str, CallState] = {
    "клиент не взял трубку": "client_no_answer",
    "оператор не взял трубку": "operator_no_answer",
    "оператор был занят": "operator_busy",
    "состоялся разговор": "answered",
    "заказ звонка": "callback_ordered",
}
_SCHEDULED = "заказ звонка на "  # 01.01.2021 в 0:00:00


def call_of(form: Form) -> Call | None:
    """Return the call of a webhook, None where none of its fields is filled."""
    id_ = form.text("call_id")
    state_text = form.text("call_state")
    record_url = form.text("call_record")
    fields = (
        id_,
        state_text,
        record_url,
        form.time_text("called_at"),
        form.text("call_duration"),
    )
    if fields.count(None) == len(fields):
        return None
    state, scheduled = (None, None) if state_text is None else state_of(state_text)
    return Call(
        id=id_,
        state=state,
        state_text=state_text,
        scheduled_at=None if scheduled is None else form.utc("call_state", scheduled),
        called_at=form.time("called_at"),
        duration_seconds=form.number("call_duration"),
        record_url=record_url,
    )


def state_of(prose: str) -> tuple[CallState, str | None]:
    """Return the state that the vendor's prose tells (its help page).

    With it comes the text of the time for which a call is ordered, where one is.
    """
    plain = _plain(prose)
    if f"{plain} ".startswith(_SCHEDULED):
        return "callback_scheduled", plain[len(_SCHEDULED) :]
    return _STATES.get(plain, "other"), None


def _plain(prose: str) -> str:
    """Return prose without the differences that do not matter: case, ё/е, white space."""
    return " ".join(prose.casefold().replace("ё", "е").split())
