"""A store with a past, for what shows it: calls from start to end, chats, forms, repeat visitors.

People, numbers and domains are reserved ones or invented.
"""

from __future__ import annotations

import contextlib
import json
import math
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from envybox.event import NORMALIZER_VERSION, encode
from envybox.local.database import connect, to_text
from envybox.receiver.identity import first_id
from envybox.receiver.normalize import normalize
from envybox.types import topic_of
from envybox.webhook import Fields, Webhook, encode_raw

ZONE = ZoneInfo("Europe/Moscow")
SITES = {
    "example.com": ("/", "/catalog/", "/delivery/"),
    "shop.example.com": ("/sofa/", "/sale/", "/cart/"),
    "okna.example.org": ("/calc/", "/prices/"),
}
NAMES = ("Анна", "Пётр Примеров", "Ольга", "Мария Образцова", "Иван", "", "", "Сергей", "")
MANAGERS = ("Иван Примеров", "Елена Образцова")
CITIES = ("Москва", "Краснодар, Краснодарский край", "Санкт-Петербург", "Казань, Татарстан")
SOURCES = (
    ("yandex", "cpc", "autumn"),
    ("google", "cpc", "brand"),
    ("vk", "social", "promo"),
    ("", "", ""),
)
QUESTIONS = (
    "Сколько стоит доставка?",
    "Перезвоните, пожалуйста, после обеда",
    "Есть ли размер 48?",
    "Когда можно замерить окна?",
)
ENDS = (
    ("Состоялся разговор", 55),
    ("Оператор не взял трубку", 13),
    ("Оператор был занят", 7),
    ("Клиент не взял трубку", 15),
    ("Заказ звонка", 10),
)

Moment = tuple[datetime, Fields]


def fill(path: str, events: int, days: float, now: datetime) -> None:
    """Fill a file with so many events of so many days up to a time, nearly all published."""
    chance = random.Random(20261128)
    moments: list[Moment] = []
    number = 0
    while len(moments) < events:
        number += 1
        moments += _visit(chance, number, _moment(chance, now, days))
    moments = sorted(moments, key=lambda moment: moment[0])[-events:]
    store(path, moments)


def store(path: str, moments: list[Moment], *, state: str = "published") -> list[str]:
    """Store webhooks as the receiver would, each with its time of receipt; return their ids."""
    rows = list(_rows(moments, state))
    with contextlib.closing(connect(path, wait=30)) as db:
        db.execute("BEGIN IMMEDIATE")
        db.executemany(
            "INSERT OR IGNORE INTO events (id, received_at, topic, account, raw, event, normalizer,"
            " state, message_id, published_at, attempts) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
            rows,
        )
        db.execute("COMMIT")
    return [str(row[0]) for row in rows]


def _rows(moments: list[Moment], state: str) -> Iterator[tuple[object, ...]]:
    for place, (at, fields) in enumerate(moments):
        webhook = Webhook(account="default", received_at=at, fields=fields)
        event = normalize(webhook, first_id(webhook), zone=ZONE, region="RU")
        text = to_text(at)
        yield (
            event.id,
            text,
            topic_of("envybox-", event.type),
            "default",
            encode_raw(fields),
            encode(event).decode(),
            NORMALIZER_VERSION,
            state,
            *((str(place + 1), text, 1) if state == "published" else (None, None, 0)),
        )


def _moment(chance: random.Random, now: datetime, days: float) -> datetime:
    """Return a time of the past, likelier by day than by night."""
    while True:
        at = now - timedelta(days=days) * chance.random()
        hour = at.astimezone(ZONE).hour + at.minute / 60
        if chance.random() < 0.06 + 0.94 * max(0.0, math.sin((hour - 7) / 15 * math.pi)):
            return at


def _visit(chance: random.Random, number: int, at: datetime) -> list[Moment]:
    site = chance.choices(list(SITES), (6, 3, 1))[0]
    source, medium, campaign = chance.choices(SOURCES, (5, 2, 1, 3))[0]
    page = f"https://{site}{chance.choice(SITES[site])}"
    visitor = {
        "name": chance.choice(NAMES),
        "phone": f"7900{number % 10_000_000:07d}",
        "email": f"client{number}@example.org" if chance.random() < 0.3 else "",
        "ip": f"192.0.2.{number % 250 + 1}",
        "place": chance.choice(CITIES),
        "site": site,
        "url": f"{page}?utm_source={source}" if source else page,
        "referrer": {"yandex": "yandex.ru", "google": "google.ru"}.get(source, ""),
        "keyword": "",
        "shown_on": chance.choice(("Нажал на кнопку", "Уходил со страницы")),
        "utm_source": source,
        "utm_medium": medium,
        "utm_campaign": campaign,
        "visitor_id": str(100_000_000 + number),
        "google_client_id": f"1000000001.17{number:08d}",
        "yandex_client_id": f"17000000000{number:08d}",
        "custom_data": "[]",
    }
    kind = chance.choices((_call, _chat, _form, _quiz), (60, 20, 12, 8))[0]
    return [(when, list({**visitor, **own}.items())) for when, own in kind(chance, number, at)]


def _call(
    chance: random.Random, number: int, at: datetime
) -> Iterator[tuple[datetime, dict[str, str]]]:
    state = chance.choices([end[0] for end in ENDS], [end[1] for end in ENDS])[0]
    call = {
        "call_id": str(9_000_000 + number),
        "called_at": f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}",
    }
    if state == "Заказ звонка":
        when = at.astimezone(ZONE) + timedelta(days=1)
        text = f"{state} на {when:%d.%m.%Y} в 10:30:00" if chance.random() < 0.5 else state
        yield at, {"webhooktype": "1", "call_id": call["call_id"], "call_state": text}
        return
    yield at, {"webhooktype": "7", **call, "call_duration": "0"}
    seconds = chance.randint(20, 400) if state == "Состоялся разговор" else 0
    manager = {"manager_name": chance.choice(MANAGERS), "department": "Отдел продаж"}
    record = f"http://ru.example.com/user/calls/{call['call_id']}/play/00/"
    yield (
        at + timedelta(seconds=seconds + chance.randint(5, 40)),
        {
            "webhooktype": "2",
            **call,
            **(manager if seconds else {}),
            "call_state": state,
            "call_duration": str(seconds),
            "call_record": record if seconds else "",
        },
    )


def _chat(
    chance: random.Random, number: int, at: datetime
) -> Iterator[tuple[datetime, dict[str, str]]]:
    begun = at.astimezone(ZONE)
    question = chance.choice(QUESTIONS)
    created = {"created_at": _clock(at)}
    if chance.random() < 0.4:
        yield at, {"webhooktype": "8", "message": question, "chat_id": "", **created}
        return
    said = (
        ("Анна", question),
        ("Автоответ", "Сейчас ответим."),
        (f"Менеджер {MANAGERS[0]}", "Здравствуйте! Сейчас посмотрю."),
        (f"Менеджер {MANAGERS[0]}", "Да, всё есть. Оформим?"),
        ("Анна", "Да, спасибо!"),
        ("Системное сообщение", "Чат завершён"),
    )
    text = "\n".join(
        f"[{who}, {begun + timedelta(minutes=i):%d.%m.%Y в %H:%M}]\n {what}"
        for i, (who, what) in enumerate(said)
    )
    chat = {"chat_id": str(7_000_000 + number), "name": "Анна", **created}
    link = f"http://chat.example.com/chat/show/-Example{number}"
    yield at + timedelta(minutes=6), {"webhooktype": "12", **chat, "chat_text": text, "link": link}


def _form(
    chance: random.Random, number: int, at: datetime
) -> Iterator[tuple[datetime, dict[str, str]]]:
    kind = chance.choices(("4", "31"), (3, 1))[0]
    phone = {"phone": "звоните вечером"} if number % 17 == 0 else {}
    yield (
        at,
        {"webhooktype": kind, **phone, "created_at": _clock(at)},
    )


def _quiz(
    chance: random.Random, _number: int, at: datetime
) -> Iterator[tuple[datetime, dict[str, str]]]:
    answers = {
        "Какая площадь?": chance.choice(("до 40 м²", "40–60 м²", "60–90 м²")),
        "Когда начать?": chance.choice(("В этом месяце", "Через полгода")),
    }
    created = _clock(at)
    data = json.dumps({"quiz": answers}, ensure_ascii=False)
    yield at, {"webhooktype": "19", "custom_data": data, "created_at": created}


def _clock(at: datetime) -> str:
    """Return a time as Envybox writes it."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
