"""The call, and its state in Russian prose."""

from __future__ import annotations

import re

from envybox.event import Call, CallState
from envybox.receiver.normalize.form import Form
from envybox.receiver.normalize.plan import is_nothing, read

_STATES: dict[str, CallState] = {
    "клиент не взял трубку": "client_no_answer",
    "оператор не взял трубку": "operator_no_answer",
    "оператор был занят": "operator_busy",
    "состоялся разговор": "answered",
    "заказ звонка": "callback_ordered",
}
_SCHEDULED = "заказ звонка на "  # 01.01.2021 в 0:00:00
# What follows then is a time, even one that only its reader can tell: `завтра`, `среду`.
_TIME = re.compile(
    r"$|[0-9]|(?:сегодня|(?:после)?завтра|через|утро|вечер|обед|понедельник|вторник|сред[ау]|"
    r"четверг|пятниц[ау]|суббот[ау]|воскресенье)\b"
)


def call_of(form: Form) -> Call | None:
    """Return the call of a webhook, None where none of its fields is filled."""
    fields = read(form, Call)
    if is_nothing(fields):
        # What is filled and cannot be read counts too; an id or a time of nothing does not.
        unread = form.time_text("called_at") or form.text("call_duration")
        if unread is None:
            return None
    if text := fields.get("state_text"):
        fields["state"], scheduled = state_of(text)
        if scheduled is not None:
            fields["scheduled_at"] = form.utc("call_state", scheduled)
        elif fields["state"] == "other":
            form.warnings.add("call_state", "not a known state")
    return Call(**fields)


def state_of(prose: str) -> tuple[CallState, str | None]:
    """Return the state that the vendor's prose tells (its help page).

    With it comes the text of the time for which a call is ordered, where one is.
    """
    plain = _plain(prose)
    if f"{plain} ".startswith(_SCHEDULED):
        time = plain[len(_SCHEDULED) :]
        return ("callback_scheduled", time) if _TIME.match(time) else ("other", None)
    return _STATES.get(plain, "other"), None


def _plain(prose: str) -> str:
    """Return prose without what does not matter: case, ё/е, white space, marks at its end."""
    end = len(prose)
    while end and not prose[end - 1].isalnum():
        end -= 1
    return " ".join(prose[:end].casefold().replace("ё", "е").split())
