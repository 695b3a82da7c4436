"""What is written into the CRM, in Russian or English."""

from __future__ import annotations

WORDS = {
    "ru": {
        "call": "Звонок с сайта {site}",
        "chat": "Чат на сайте {site}",
        "lead": "Заявка с сайта {site}",
        "call.started": "Звонок начался",
        "client_no_answer": "Клиент не взял трубку",
        "operator_no_answer": "Пропущенный звонок: оператор не взял трубку",
        "operator_busy": "Пропущенный звонок: оператор был занят",
        "answered": "Состоялся разговор",
        "callback_ordered": "Заказ звонка",
        "callback_scheduled": "Заказ звонка на {time}",
        "other": "Звонок",
        "todo": "Перезвонить: {phone}",
        "seconds": "{seconds} с",
        "recording": "Запись: {link}",
        "transcript": "Переписка: {link}",
        "page": "Страница: {url}",
        "by": "Разговаривал: {name}",
    },
    "en": {
        "call": "Call from {site}",
        "chat": "Chat on {site}",
        "lead": "Lead from {site}",
        "call.started": "The call starts",
        "client_no_answer": "The client did not answer",
        "operator_no_answer": "Missed call: the operator did not answer",
        "operator_busy": "Missed call: the operator was busy",
        "answered": "They talked",
        "callback_ordered": "A call-back is ordered",
        "callback_scheduled": "A call-back is ordered for {time}",
        "other": "Call",
        "todo": "Call back: {phone}",
        "seconds": "{seconds} s",
        "recording": "Recording: {link}",
        "transcript": "Chat: {link}",
        "page": "Page: {url}",
        "by": "Talked to: {name}",
    },
}


def plain(text: str | None, longest: int = 2000) -> str:
    """Return a visitor's text as text: cut, and its brackets no BB code that would be a link."""
    return (text or "").strip()[:longest].replace("[", "［").replace("]", "］")
