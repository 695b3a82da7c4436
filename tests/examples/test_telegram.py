from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import time
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envybox.testing import sample
from examples.standins.server import HTML, Fault, Reply
from examples.standins.telegram import Telegram, shown
from tests.examples.clock import Clock
from tests.examples.world import ORDERS, Function, World, call, told

TOKEN = "123:secret-Token_1"
GROUP = -1001


@pytest.fixture
def telegram() -> Iterator[Telegram]:
    """Telegram, whose clock stands still."""
    with Telegram(TOKEN, clock=Clock()) as server:
        yield server


@pytest.fixture
def function(world: World, telegram: Telegram) -> Callable[..., Function]:
    """Loads the example with settings."""

    def load(**environ: str) -> Function:
        given = {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_CHATS": str(GROUP),
            "TELEGRAM_API": telegram.url,
            **environ,
        }
        function = world.function("telegram", **given)
        function.main.BOT.sleep = telegram.clock.sleep  # type: ignore[attr-defined] # our Clock
        return function

    return load


@pytest.mark.parametrize("order", ORDERS)
def test_a_call_is_one_message_whatever_the_order(
    world: World, telegram: Telegram, function: Callable[..., Function], order: tuple[int, ...]
) -> None:
    """Start, missed and call-back ordered, in any order and twice, end in one message."""
    events = call()
    world.store(*events)
    function().deliver([events[place] for place in (*order, *order)])
    (message,) = telegram.messages(GROUP)
    assert "📞 Заказ звонка" in shown(message["text"])


def test_an_edit_as_the_call_goes_on(
    world: World, telegram: Telegram, function: Callable[..., Function]
) -> None:
    """A missed call that is answered later turns from a cross to a tick."""
    _, missed, _ = call()
    talked = told(sample("call.info", call={"id": "6002540", "state": "answered"}), 5)
    tell = function()
    world.store(missed)
    tell.push(missed)
    before = shown(telegram.messages(GROUP)[0]["text"])
    world.store(talked)
    tell.push(talked)
    after = shown(telegram.messages(GROUP)[0]["text"])
    assert ("❌", "✅", 1) == (before[0], after[0], len(telegram.messages(GROUP)))


def test_in_parallel(world: World, telegram: Telegram, function: Callable[..., Function]) -> None:
    """Pushes of one call at the same time, each several times, make one message."""
    events = call()
    world.store(*events)
    function().deliver(events * 3, threads=6, tries=40)
    assert 1 == len(telegram.messages(GROUP))


def test_one_state_at_a_time(
    world: World, telegram: Telegram, function: Callable[..., Function]
) -> None:
    """While one state of a call is told the next waits, or it might be edited back afterwards."""
    _, missed, ordered = call()
    talked = told(sample("call.info", call={"id": "6002540", "state": "answered"}), 5)
    world.store(missed, ordered)
    tell = function()
    tell.push(missed)
    edit = tell.main.BOT.edit
    meanwhile: list[tuple[int, str]] = []

    def edit_late(*message: Any) -> bool:
        if not meanwhile:
            world.store(talked)
            meanwhile.append(tell.push(talked))
        return bool(edit(*message))

    tell.main.BOT.edit = edit_late
    assert 200 == tell.push(ordered)[0]
    assert [(503, "not now: telegram: another run has this key now")] == meanwhile
    tell.deliver([talked])
    assert telegram.messages(GROUP)[0]["text"].startswith("✅")


@pytest.mark.parametrize(
    "fault",
    [
        Fault("sendMessage", Reply(500, {"ok": False, "error_code": 500, "description": "x"})),
        Fault("sendMessage", Reply(502, HTML)),
        Fault("sendMessage", None),
        Fault("sendMessage", Reply(429, {"ok": False, "parameters": {"retry_after": 3}})),
        Fault("sendMessage", Reply(429, {"ok": False, "parameters": {"retry_after": 300}})),
        Fault("editMessageText", Reply(503, HTML)),
        Fault("editMessageText", None, effect=True),
    ],
)
@pytest.mark.parametrize("order", ORDERS)
def test_failures_between(
    world: World,
    telegram: Telegram,
    function: Callable[..., Function],
    fault: Fault,
    order: tuple[int, ...],
) -> None:
    """Each passing failure between two pushes still ends in one message of the last state."""
    events = call()
    world.store(*events)
    telegram.faults.append(fault)
    function().deliver([events[place] for place in order])
    (message,) = telegram.messages(GROUP)
    assert "📞" in message["text"]


def test_a_timeout_may_double(
    world: World, telegram: Telegram, function: Callable[..., Function]
) -> None:
    """A message that was sent and not answered is sent again: Telegram cannot be asked for it."""
    events = call()
    world.store(*events)
    telegram.faults.append(Fault("sendMessage", None, effect=True))
    function().deliver(events)
    assert 2 == len(telegram.messages(GROUP))


def test_retry_after_is_waited_for(
    world: World, telegram: Telegram, function: Callable[..., Function]
) -> None:
    """More leads at once than a group takes: the function waits as long as it is told."""
    leads = [sample("lead.quiz", visitor={"id": str(number)}) for number in range(8)]
    world.store(*leads)
    tell = function()
    assert [200] * 8 == [tell.push(lead)[0] for lead in leads]
    assert 8 == len(telegram.messages(GROUP))


def test_no_patience_for_long(
    world: World, telegram: Telegram, function: Callable[..., Function]
) -> None:
    """A pause longer than the patience is Pub/Sub's to wait for: 503, and taken later."""
    leads = [sample("lead.quiz", visitor={"id": str(number)}) for number in range(21)]
    world.store(*leads)
    tell = function()
    answers = [tell.push(lead)[0] for lead in leads]
    assert [200] * 20 + [503] == answers
    telegram.clock.sleep(60)  # type: ignore[attr-defined] # our Clock
    assert 200 == tell.push(leads[-1])[0]


def test_a_deleted_message_is_sent_anew(
    world: World, telegram: Telegram, function: Callable[..., Function]
) -> None:
    """Where somebody deleted the call's message, its next state is a new one, then edited."""
    _, missed, ordered = call()
    talked = told(sample("call.info", call={"id": "6002540", "state": "answered"}), 5)
    world.store(missed, ordered, talked)
    tell = function()
    tell.push(missed)
    telegram.chats[GROUP].clear()
    tell.push(ordered)
    tell.push(talked)
    assert 1 == len(telegram.messages(GROUP))


def test_a_group_that_became_a_supergroup(
    world: World,
    telegram: Telegram,
    function: Callable[..., Function],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It is told in the new one at once, edited there, and the log says what to set."""
    events = call()
    world.store(*events)
    tell = function()
    tell.push(events[1])
    telegram.migrated[GROUP] = -1002
    tell.push(events[2])
    tell.push(told(sample("call.info", call={"id": "6002540", "state": "answered"}), 9))
    assert 1 == len(telegram.messages(-1002))
    assert "chat -1001 is now -1002" in capsys.readouterr().out


@pytest.mark.parametrize("what", ["token", "blocked"])
def test_denied_until_it_is_mended(
    telegram: Telegram, function: Callable[..., Function], what: str
) -> None:
    """A revoked token or a bot that was thrown out is 500: the event waits, and is not lost."""
    lead = sample("lead.quiz")
    tell = function()
    telegram.token, telegram.blocked = ("1:x", set()) if what == "token" else (TOKEN, {GROUP})
    assert 500 == tell.push(lead)[0]
    telegram.token, telegram.blocked = TOKEN, set()
    assert 200 == tell.push(lead)[0]


def test_a_refused_text_is_an_error_in_the_log(
    telegram: Telegram, function: Callable[..., Function], capsys: pytest.CaptureFixture[str]
) -> None:
    """A message that Telegram will never take is answered 2xx, with an ERROR for the alert."""
    body = {"ok": False, "error_code": 400, "description": "Bad Request: BUTTON_URL_INVALID"}
    telegram.faults.append(Fault("sendMessage", Reply(400, body)))
    assert 200 == function().push(sample("lead.quiz"))[0]
    assert '"severity": "ERROR"' in capsys.readouterr().out


def test_several_chats(telegram: Telegram, function: Callable[..., Function]) -> None:
    """Each chat is told its sites, departments and types, with or without a topic."""
    tell = function(
        TELEGRAM_CHATS="""[{"chat": -1, "site": "example.com"}, {"chat": -2, "type": "lead.*"},
        {"chat": -3, "department": "продажи", "topic": 7}, {"chat": -4, "site": "example.org"}]"""
    )
    tell.push(sample("lead.quiz", manager={"department": "Продажи"}))
    told_to = {chat: len(telegram.messages(chat)) for chat in (-1, -2, -3, -4)}
    assert {-1: 1, -2: 1, -3: 1, -4: 0} == told_to
    assert 7 == telegram.messages(-3)[0]["message_thread_id"]


def test_one_chat_that_fails_does_not_double_the_other(
    telegram: Telegram, function: Callable[..., Function]
) -> None:
    """Tried again for the chat that failed, the one that was told is left in peace."""
    telegram.blocked = {-2}
    tell = function(TELEGRAM_CHATS="-1, -2")
    lead = sample("lead.quiz")
    assert [500, 500] == [tell.push(lead)[0], tell.push(lead)[0]]
    telegram.blocked = set()
    assert 200 == tell.push(lead)[0]
    assert (1, 1) == (len(telegram.messages(-1)), len(telegram.messages(-2)))


@pytest.mark.parametrize(
    ("quiet", "state", "silent"),
    [
        ("", "operator_no_answer", False),
        ("", "answered", True),
        ("00:00-23:59:59.999999", "operator_no_answer", True),
    ],
)
def test_what_makes_a_sound(
    telegram: Telegram,
    function: Callable[..., Function],
    quiet: str,
    state: str,
    silent: bool,
) -> None:
    """What asks for somebody makes a sound, a talk that took place none; nothing at night."""
    function(TELEGRAM_QUIET_HOURS=quiet).push(sample("call.info", call={"state": state}))
    assert silent is telegram.messages(GROUP)[0]["disable_notification"]


def test_buttons(telegram: Telegram, function: Callable[..., Function]) -> None:
    """A call has buttons to its recording and to the console, in the language that is set."""
    event = sample(
        "call.info", call={"state": "answered", "record_url": "http://example.com/record/1/"}
    )
    function(TELEGRAM_LANGUAGE="en", TELEGRAM_CONSOLE_URL="https://example.com/console/").push(
        event
    )
    message = telegram.messages(GROUP)[0]
    expected = [
        {"text": "Recording", "url": "http://example.com/record/1/"},
        {"text": "Details", "url": f"https://example.com/console/events/{event.id}"},
    ]
    assert [expected] == message["reply_markup"]["inline_keyboard"]
    assert shown(message["text"]).startswith("✅ They talked")


@pytest.mark.parametrize(
    "type_",
    ["chat.manager", "chat.offline", "chat.online", "lead.generator", "lead.quiz", "lead.video"],
)
def test_chats_and_leads_stand_out(
    telegram: Telegram, function: Callable[..., Function], type_: str
) -> None:
    """A chat and a form are told in bold, with who wrote."""
    event = sample(type_, visitor={"phone": "+79000000000"})
    function().push(event)
    text = telegram.messages(GROUP)[0]["text"]
    assert "<b>" in text
    assert "+79000000000" in text


_texts = st.text(max_size=5000) | st.text(alphabet='<&>"😀\n ', max_size=5000) | st.none()


@given(name=_texts, text=_texts, url=_texts, place=_texts, source=_texts)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_makes_a_message_that_telegram_takes(
    telegram: Telegram, function: Callable[..., Function], **said: Any
) -> None:
    """Whatever a visitor writes, the message parses and is not too long: nothing is refused."""
    telegram.chats.clear()
    telegram.sent.clear()
    event = sample(
        "chat.offline",
        id=uuid4().hex,
        visitor={"name": said["name"], "place": said["place"]},
        chat={"id": None, "message": said["text"]},
        page={"url": said["url"], "site": said["url"]},
        utm=dict.fromkeys(("source", "medium", "campaign", "content", "term"), said["source"]),
    )
    function().push(event)
    assert 1 == len(telegram.messages(GROUP))


@pytest.mark.parametrize(
    ("now", "quiet"), [("21:59", False), ("22:00", True), ("03:00", True), ("08:00", False)]
)
def test_quiet_hours_go_over_midnight(
    function: Callable[..., Function], now: str, quiet: bool
) -> None:
    """From 22 to 8 is the night, not the day."""
    main = function(TELEGRAM_QUIET_HOURS="22:00-08:00").main
    assert quiet is main.is_quiet(main.SETTINGS.quiet, time.fromisoformat(now))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TELEGRAM_TOKEN", ""),
        ("TELEGRAM_TOKEN", "secret-without-colon"),
        ("TELEGRAM_CHATS", ""),
        ("TELEGRAM_CHATS", "sales"),
        ("TELEGRAM_CHATS", '[{"chat": 1, "sit": "x"}]'),
        ("TELEGRAM_CHATS", "1, 1"),
        ("TELEGRAM_LANGUAGE", "de"),
        ("TELEGRAM_QUIET_HOURS", "night"),
        ("TELEGRAM_PATIENCE_SECONDS", "600"),
        ("ENVYBOX_TIMEZONE", "Mars"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start(
    function: Callable[..., Function], name: str, value: str
) -> None:
    """The start ends with a line that names the setting and does not quote a secret."""
    with pytest.raises(SystemExit, match=name) as caught:
        function(**{name: value})
    assert "secret" not in str(caught.value)


def test_nothing_personal_or_secret_in_the_log(
    telegram: Telegram, function: Callable[..., Function], capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes wrong, no log line and no answer holds the token, a phone or a name."""
    event = sample("lead.quiz", visitor={"name": "Анна", "phone": "+79000000000"})
    for fault in (
        None,
        Fault("sendMessage", None),
        Fault("sendMessage", Reply(401, {"ok": False, "description": "Unauthorized"})),
        Fault("sendMessage", Reply(502, HTML)),
        Fault("sendMessage", Reply(200, b"not JSON")),
    ):
        telegram.faults[:] = [fault] if fault else []
        tell = function()
        answer = tell.push(event)[1]
        tell.main.BOT._url = "http://127.0.0.1:1/bot" + TOKEN
        answer += tell.push(event)[1]
        printed = "".join(capfd.readouterr()) + answer
        found = [secret for secret in (TOKEN, "secret", "9000000000", "Анна") if secret in printed]
        assert [] == found
