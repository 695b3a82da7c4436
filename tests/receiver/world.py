"""What public reports of this trade say is sent, and what becomes of it here.

Receivers, PHP senders, form builders, call tracking, chat exports, telephone libraries,
spreadsheets. A report is `owner/repository#number` on GitHub, or an address. The inputs are
the reports' kinds with reserved numbers and names, not their data.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from urllib.parse import quote_plus

from tests.samples import KEY


class Row(NamedTuple):
    """A body, where it was reported, and by path what it has to become.

    `value` is the event's part at `path` (names joined by dots); the path `refused` is the
    answer's code where the body is refused.
    """

    source: str
    path: str
    value: Any
    body: bytes
    content_type: str = "application/x-www-form-urlencoded"
    content_encoding: str = ""


def form(**fields: str) -> bytes:
    """Return the body of a form, its key at the end."""
    return "&".join(f"{k}={quote_plus(v)}" for k, v in (fields | {"key": KEY}).items()).encode()


def _part(name: str, value: str) -> str:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'


_MULTIPART = "multipart/form-data; boundary=x"
_PARTS = "".join((_part("key", KEY), _part("name", "Иван"), "--x--\r\n")).encode()
_CHAT = "[Мария, 12.01.2024 в 18:36]\n Да\n\n[Иван, 12.01.2024 в 18:37]\n нет"
_AUTHORS = "chat.transcript.*.author"
_WARNED = "warnings.*.reason"
_JSON = f'{{"key":"{KEY}","name":"Иван","webhooktype":4}}'.encode()
_PHP_NAMES = "https://www.php.net/manual/en/language.variables.external.php"


def _phone(source: str, text: str, number: str | None) -> Row:
    return Row(source, "visitor.phone", number, form(phone=text))


ROWS = [
    # Ids
    Row("ushahidi/SMSSync#53", "chat", None, form(chat_id="0")),
    Row("ushahidi/SMSSync#53", "visitor.id", None, form(visitor_id="undefined")),
    # Encodings
    Row(
        "friendica/friendica#7432",
        "visitor.name",
        "Иван Петро\ufffd",
        b"name=" + "Иван Петров".encode()[:-1] + b"&" + form(),
    ),
    Row(
        "matomo-org/matomo#9257",
        "utm.campaign",
        "Осень \ufffd",
        b"utm_campaign=" + quote_plus("Осень в".encode()[:-1]).encode() + b"&" + form(),
    ),
    Row(
        "metadist/synaplan#1571",
        _WARNED,
        ["not all of it UTF-8, broken bytes replaced"],
        b"name=" + "Иван Петров".encode()[:-1] + b"&" + form(),
    ),
    Row(
        "shoorick/mojowka#1",
        "page.keyword",
        "я",
        b"keyword=%FF&" + form(),
    ),
    Row(
        "lysine-dev/okhttp#1764",
        "visitor.name",
        "Пётр",
        b"name=" + quote_plus("Пётр".encode("cp1251")).encode() + b"&" + form(),
    ),
    # Transcripts
    Row("Eleirbag89/TelegramBotPHP#152", _AUTHORS, ["Мария", "Иван"], form(chat_text=_CHAT)),
    Row(
        "Eleirbag89/TelegramBotPHP#152",
        _AUTHORS,
        ["Мария", "Иван"],
        form(chat_text=_CHAT.replace("\n", "<br />\n")),
    ),
    Row(
        "huginn/huginn#2506",
        _AUTHORS,
        ["Мария", "Иван"],
        form(chat_text=_CHAT.replace("\n", r"\n")),
    ),
    Row(
        "vanutp/tgbridge#131",
        _AUTHORS,
        ["Мария", "Иван"],
        form(chat_text=_CHAT.replace("\n", "<br>")),
    ),
    Row(
        "zio/zio-http#2411", _AUTHORS, ["Мария", "Иван"], form(chat_text=_CHAT.replace("\n", "\r"))
    ),
    Row(
        "joweich/chat-miner#42",
        _AUTHORS,
        ["Мария", "Иван"],
        form(chat_text=_CHAT.replace("[", "\u200e[")),
    ),
    Row(
        "ChatLab/ChatLab#131",
        _AUTHORS,
        ["Мария", "Иван"],
        form(chat_text=_CHAT.replace(" в ", "\u202fв\u202f")),
    ),
    # Multipart, content types
    Row(
        "Kludex/python-multipart#31",
        "visitor.name",
        "Иван",
        _PARTS.replace(b"\r\n", b"\n"),
        _MULTIPART,
    ),
    Row(
        "Kludex/python-multipart#260", "visitor.name", "Иван", b"Preamble\r\n" + _PARTS, _MULTIPART
    ),
    Row("yhirose/cpp-httplib#1317", "visitor.name", "Иван", b"\r\n\r\n" + _PARTS, _MULTIPART),
    Row(
        "remix-run/remix#11746",
        "visitor.name",
        "Иван",
        b"A MIME preamble.\r\n" + _PARTS,
        _MULTIPART,
    ),
    Row(
        "lysine-dev/retrofit#552", "visitor.name", "Иван", _PARTS.removesuffix(b"\r\n"), _MULTIPART
    ),
    Row(
        "janestreet/email_message#2",
        "visitor.name",
        "Иван",
        _PARTS.replace(b"form-data; ", b"form-data;\r\n "),
        _MULTIPART,
    ),
    Row("webhooksite/webhook.site#45", "visitor.name", "Иван", _JSON),
    Row("adnanh/webhook#239", "visitor.name", "Иван", _JSON, ""),
    Row("BBMRI-ERIC/negotiator#1034", "refused", "malformed", b'"{}"', "application/json"),
    Row("HarperFast/harper#1438", "refused", "unsupported_media_type", b"\x1f\x8b", "", "gzip"),
    Row("TracecatHQ/tracecat#1289", "refused", "unsupported_media_type", b"", "", "gzip"),
    # Names, ampersands
    Row(_PHP_NAMES, "visitor.phone", "+79000000000", b"%20phone=79000000000&" + form()),
    Row(_PHP_NAMES, "visitor.name", "Иван", b"name+=%D0%98%D0%B2%D0%B0%D0%BD&" + form()),
    Row(
        "zendframework/zend-http#33",
        "visitor.phone",
        "+79000000000",
        form(webhooktype="4", phone="79000000000").replace(b"&", b"&amp;"),
    ),
    Row(
        "nategood/httpful#52",
        _WARNED,
        ["its ampersands were HTML-escaped"],
        form(webhooktype="4", phone="79000000000").replace(b"&", b"&amp;"),
    ),
    Row("fluentform/fluentform#662", "extra", {"Pace": ""}, b"name=Love & Pace&" + form()),
    Row("verbb/formie#1294", "visitor.name", "O&#039;Something", form(name="O&#039;Something")),
    # Phones
    _phone("catamphetamine/libphonenumber-js#215", "8 029 123-45-67", "+375291234567"),
    _phone("catamphetamine/libphonenumber-js#215", "8 033 300-00-00", None),  # or Ukraine's
    _phone("whisperfish/rust-phonenumber#76", "88000000000", "+78000000000"),
    _phone("whisperfish/rust-phonenumber#76", "+78000000000", "+78000000000"),
    _phone("whisperfish/rust-phonenumber#76", "+375800111111", "+375800111111"),
    _phone("giggsey/libphonenumber-for-php#102", "89000000000", "+79000000000"),
    _phone("wmoxam/phonie#53", "8-900-000-00-00", "+79000000000"),
    _phone("daviddrysdale/python-phonenumbers#32", "007 900 000 00 00", None),
    _phone("marmelroy/PhoneNumberKit#431", "+7 702 000 00 00", "+77020000000"),
    _phone("google/libphonenumber#2223", "8 (423) 200-00-00, доб. 100", "+74232000000"),
    _phone("google/libphonenumber#2203", "+7 (495) 000-00-00, добавочный 1311", "+74950000000"),
    _phone("daddyz/phonelib#58", "+79000000000;ext=555", "+79000000000"),
    _phone("daddyz/phonelib#367", "+79000000000 x136", "+79000000000"),
    _phone("cluster-software/agent-crm#88", "79000000000; 79000000001", None),
    _phone("everypolitician/everypolitician-data#13012", "79000000000, 79000000001", None),
    _phone("nyaruka/rapidpro#241", "79000000000.0", "+79000000000"),
    _phone("alphagov/notifications-admin#4124", "7.90000E+10", None),
    _phone("dilshod/xlsx2csv#190", "7,9E+10", None),
    _phone("DFE-Digital/register-trainee-teachers#3229", "'79000000000", "+79000000000"),
    # JSON in fields
    Row(
        "specklesystems/speckle-server#1292",
        "managers",
        [{"name": "Иван", "phone": "+79000000000"}],
        form(managers_phones=r'"[{\"manager_name\":\"Иван\",\"phone\":\"79000000000\"}]"'),
    ),
    Row(
        "PrefectHQ/prefect#17890",
        "managers",
        [{"name": "Иван", "phone": "+79000000000"}, {"name": "Анна", "phone": None}],
        form(
            managers_phones=r'["{\"name\":\"Иван\",\"phone\":\"79000000000\"}",'
            r'"{\"name\":\"Анна\",\"phone\":\"\"}"]'
        ),
    ),
    Row(
        "woocommerce/woocommerce#21539",
        "managers",
        [{"name": "Иван", "phone": "+79000000000"}],
        form(managers_phones=r"[{\"manager_name\":\"Иван\",\"phone\":\"79000000000\"}]"),
    ),
    Row("pyronear/pyro-api#623", "custom_data", {"a": 1}, form(custom_data=r'"{\"a\":1}"')),
    Row(
        "amocrm/amocrm-api-php#471",
        "webhooktype",
        4,
        _JSON.replace(b":4}", b':"4"}'),
        "application/json",
    ),
    # Times
    Row(
        "toggl-open-source/toggldesktop#4351",
        "occurred_at",
        None,
        form(called_at="1970-01-02T00:00:00Z"),
    ),
    Row("loomnetwork/dashboard#559", "occurred_at", None, form(called_at="1970-01-01 03:00:00")),
    Row(
        "bogkonstantin/android_income_sms_gateway_webhook#101",
        "occurred_at",
        "2026-01-16T09:44:58Z",
        form(called_at="1768556698000"),
    ),
    Row(
        "ushahidi/SMSSync#53",
        "occurred_at",
        "2012-10-26T09:22:07Z",
        form(created_at="1351243327000"),
    ),
    Row(
        "Duelion/whatsapp-wrapped#12",
        "occurred_at",
        "2021-08-03T09:30:00Z",
        form(created_at="03.08.21, 12:30"),
    ),
    # States
    Row("green-api/issues#1128", _WARNED, ["not a known state"], form(call_state="Исходящий")),
    Row("green-api/issues#1128", "call.state", "answered", form(call_state="Состоялся разговор.")),
]
