from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from envybox.event import Event
from envybox.testing import sample
from examples.standins.amocrm import LOST, AmoCrm
from examples.standins.server import HTML, Fault, Reply
from tests.examples.clock import Clock
from tests.examples.world import ORDERS, Function, World, call

TOKEN = "long-lived-secret"
PHONE = "+79000000000"
Load = Callable[..., Function]


@pytest.fixture
def amo() -> Iterator[AmoCrm]:
    """An account, whose clock stands still."""
    with AmoCrm(TOKEN, clock=Clock()) as server:
        yield server


@pytest.fixture
def function(world: World, amo: AmoCrm) -> Load:
    """Loads the example with settings; its waits put the account's clock on."""

    def load(**environ: str) -> Function:
        given = {"AMOCRM_TOKEN": TOKEN, "AMOCRM_DOMAIN": amo.url, **environ}
        function = world.function("amocrm", **given)
        function.main.ACCOUNT.clock = amo.clock
        function.main.ACCOUNT.sleep = amo.clock.sleep  # type: ignore[attr-defined] # our Clock
        return function

    return load


def firsts(amo: AmoCrm) -> list[str]:
    """Return the first lines of the notes that are no calls."""
    notes = [note for note in amo.notes if note["note_type"] == "common"]
    return sorted(str(note["params"]["text"]).split("\n")[0] for note in notes)


def story() -> list[Event]:
    """Return the three events of a call."""
    return call(visitor={"phone": PHONE}, utm={"source": "yandex"})


def is_whole(amo: AmoCrm) -> bool:
    """Return whether the call of `story()` is there: one lead, one call, each state once."""
    (lead,) = amo.leads
    assert ["Заказ звонка", "Пропущенный звонок: оператор не взял трубку"] == firsts(amo)
    assert {("leads", lead)} == {(note["entity_type"], note["entity_id"]) for note in amo.notes}
    calls = [note for note in amo.notes if note["note_type"] == "call_in"]
    assert ["6002540"] == [note["params"]["uniq"] for note in calls]
    return [lead] == [task["entity_id"] for task in amo.tasks]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("known", [False, True])
def test_a_call_is_one_lead_whatever_the_order(
    world: World, amo: AmoCrm, function: Load, order: tuple[int, ...], known: bool
) -> None:
    """Each event stored when it comes, in any order and twice: one lead, new or the contact's."""
    if known:
        amo.lead(amo.contact("8 (900) 000-00-00"))
    events = story()
    bring = function()
    for place in (*order, *order):
        world.store(events[place])
        bring.deliver([events[place]])
    assert is_whole(amo)


def test_a_new_lead(world: World, amo: AmoCrm, function: Load) -> None:
    """A lead that is made is unsorted, with its tags, its utm tags and Roistat's visit."""
    event = sample(
        "call.info",
        call={"state": "operator_busy"},
        utm={"source": "yandex", "campaign": "autumn"},
        ids={"roistat": "123"},
    )
    world.store(event)
    function(AMOCRM_TAGS="envybox, site").push(event)
    (lead,) = amo.leads.values()
    assert ["envybox", "site"] == lead["tags"]
    expected = {"UTM_SOURCE": "yandex", "UTM_CAMPAIGN": "autumn", "ROISTAT": "123"}
    assert expected == {code: lead["fields"].get(code) for code in expected}
    assert ["sip"] == [one["category"] for one in amo.unsorted]


def test_in_parallel(world: World, amo: AmoCrm, function: Load) -> None:
    """Pushes of one call at the same time, each several times, make one lead."""
    events = story()
    world.store(*events)
    function().deliver(events * 2, threads=6, tries=60)
    assert is_whole(amo)


@pytest.mark.parametrize(
    "reply",
    [
        Reply(429, {"title": "Too Many Requests", "retry_after": 300}),
        Reply(504, HTML),
        Reply(500, {"title": "Internal"}),
        Reply(401, {"title": "Unauthorized"}),
        Reply(402, {"title": "Payment Required"}),
        Reply(403, HTML),
        Reply(200, HTML),
    ],
)
@pytest.mark.parametrize("path", ["/calls", "/unsorted/sip", "/notes", "/tasks"])
def test_failures_between(
    world: World, amo: AmoCrm, function: Load, reply: Reply, path: str
) -> None:
    """Each documented failure, at each step, ends in the same one lead."""
    events = story()
    world.store(*events)
    amo.faults.append(Fault(path, reply))
    bring = function()
    for event in events:
        while bring.push(event)[0] != 200:
            amo.clock.sleep(61)  # type: ignore[attr-defined]  # our Clock
    assert ([], True) == (amo.faults, is_whole(amo))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("path", ["/calls", "/unsorted/sip", "/notes", "/tasks"])
@pytest.mark.parametrize("known", [False, True])
def test_a_time_out_that_took_effect(
    world: World, amo: AmoCrm, function: Load, path: str, order: tuple[int, ...], known: bool
) -> None:
    """What was done though no answer came is found, and is not done again."""
    if known:
        amo.lead(amo.contact(PHONE))
    events = story()
    amo.faults.append(Fault(path, None, effect=True))
    bring = function()
    for place in order:
        world.store(events[place])
        bring.deliver([events[place]])
    assert is_whole(amo)


def test_a_day_without_the_crm(world: World, amo: AmoCrm, function: Load) -> None:
    """While the account is down nothing is answered 2xx, and all of it is there afterwards."""
    events = story()
    world.store(*events)
    bring = function()
    amo.faults.extend([Fault("", Reply(504, HTML))] * 20)
    answers = {bring.push(event)[0] for event in events[1:] * 10}
    assert ({503}, []) == (answers, amo.faults)
    bring.deliver(events)
    assert is_whole(amo)


def test_seven_a_second(amo: AmoCrm, function: Load) -> None:
    """A burst of leads is slowed down to what the account takes: it never answers 429."""
    bring = function()
    for number in range(6):
        lead = sample("lead.quiz", visitor={"id": str(number), "phone": f"+7900000{number:04}"})
        assert 200 == bring.push(lead)[0]
    assert (6, 0) == (len(amo.leads), amo.refusals)


def test_after_429_nothing_is_asked(amo: AmoCrm, function: Load) -> None:
    """After a 429 nothing is sent for a minute: who goes on is blocked for good."""
    bring = function()
    amo.faults.append(Fault("/contacts", Reply(429, {"title": "Too Many Requests"})))
    assert [503] * 5 == [bring.push(sample("lead.quiz"))[0] for _ in range(5)]
    assert 1 == len(amo.requests)
    amo.clock.sleep(61)  # type: ignore[attr-defined]  # our Clock
    assert 200 == bring.push(sample("lead.quiz"))[0]


@pytest.mark.parametrize("status", [200, 400])
def test_nobody_is_found(world: World, amo: AmoCrm, function: Load, status: int) -> None:
    """A call whose number nobody has becomes a lead, whichever way amoCRM says so."""
    error = {"request_id": "0", "title": "Entity not found", "status": 263}
    amo.faults.append(Fault("/calls", Reply(status, {"errors": [error]})))
    event = story()[1]
    world.store(event)
    assert 200 == function().push(event)[0]
    assert 1 == len(amo.leads)


def test_a_contact_without_one_open_lead(world: World, amo: AmoCrm, function: Load) -> None:
    """Where amoCRM puts a call into the contact's card, its notes and tasks are there too."""
    contact = amo.contact(PHONE)
    amo.lead(contact, LOST)
    events = story()
    world.store(*events)
    function().deliver(events)
    assert {("contacts", contact)} == {(one["entity_type"], one["entity_id"]) for one in amo.notes}
    assert ["contacts"] == [task["entity_type"] for task in amo.tasks]


def test_forms(amo: AmoCrm, function: Load) -> None:
    """A form goes to the contact's open lead, else to a new one of his, else it is unsorted."""
    bring = function()
    bring.push(sample("lead.quiz", visitor={"phone": "+79000000001"}))
    assert ["forms"] == [one["category"] for one in amo.unsorted]
    contact = amo.contact(PHONE)
    bring.push(sample("lead.quiz", visitor={"phone": PHONE}))
    (lead,) = amo.contacts[contact]["leads"]
    bring.push(sample("lead.generator", visitor={"phone": PHONE}))
    assert ([lead], 2) == (amo.contacts[contact]["leads"], len(amo.leads))
    amo.leads[lead]["status_id"] = LOST
    bring.push(sample("lead.video", visitor={"phone": PHONE}))
    assert 2 == len(amo.contacts[contact]["leads"])


def test_a_form_that_timed_out(amo: AmoCrm, function: Load) -> None:
    """A form that was taken though no answer came is found among the unsorted."""
    amo.faults.append(Fault("/unsorted/forms", None, effect=True))
    function().deliver([sample("lead.quiz", visitor={"phone": PHONE})])
    assert 1 == len(amo.leads)


def test_a_chat_that_timed_out_and_goes_on(amo: AmoCrm, function: Load) -> None:
    """A chat's lead that was taken though no answer came is found by the chat's next event."""
    amo.faults.append(Fault("/unsorted/forms", None, effect=True))
    bring = function()
    begun, ended = (
        sample(type_, chat={"id": "7"}, visitor={"phone": PHONE})
        for type_ in ("chat.manager", "chat.online")
    )
    assert 503 == bring.push(begun)[0]
    bring.deliver([ended, begun])
    assert 1 == len(amo.leads)


def test_a_number_in_some_other_field(amo: AmoCrm, function: Load) -> None:
    """The search is over all fields: a contact that has the number elsewhere is another one."""
    other = {"id": 5, "custom_fields_values": None, "_embedded": {"leads": [{"id": 6}]}}
    amo.faults.append(Fault("/contacts", Reply(200, {"_embedded": {"contacts": [other]}})))
    function().push(sample("lead.quiz", visitor={"phone": PHONE}))
    assert 1 == len(amo.unsorted)


def test_a_field_that_the_account_lacks(
    amo: AmoCrm, function: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong field in the settings costs the field, not the lead, and the log says which."""
    bring = function(AMOCRM_FIELDS='{"NO_SUCH": "page.site"}')
    assert 200 == bring.push(sample("lead.quiz", visitor={"phone": PHONE}))[0]
    assert 1 == len(amo.leads)
    assert "NotSupportedChoice 0.custom_fields_values.NO_SUCH" in capsys.readouterr().out


def test_nobody_to_call(amo: AmoCrm, function: Load) -> None:
    """Without a phone and an address nothing is brought in; with an address alone it is."""
    bring = function()
    nobody = {"phone": None, "email": None}
    assert "not brought in" in bring.push(sample("chat.online", visitor=nobody))[1]
    bring.push(sample("chat.offline", visitor={**nobody, "email": "anna@example.com"}))
    assert 1 == len(amo.leads)


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(404, HTML), 500),  # another server: the domain is wrong
        (Reply(404, {"title": "Not Found"}), 200),
        (Reply(422, {"title": "Unprocessable"}), 200),
        (Reply(409, {"title": "Conflict"}), 503),
    ],
)
def test_what_each_error_means(
    amo: AmoCrm, function: Load, capsys: pytest.CaptureFixture[str], reply: Reply, status: int
) -> None:
    """What a person must mend is 500, what passes 503, what is never taken 200 and an ERROR."""
    amo.faults.append(Fault("/unsorted/forms", reply))
    assert status == function().push(sample("lead.quiz", visitor={"phone": PHONE}))[0]
    assert (status == 503) is ('"ERROR"' not in capsys.readouterr().out)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AMOCRM_TOKEN", ""),
        ("AMOCRM_DOMAIN", "www.amocrm.ru"),
        ("AMOCRM_DOMAIN", "https://example.amocrm.ru"),
        ("AMOCRM_PIPELINE", "sales"),
        ("AMOCRM_FIELDS", "UTM_SOURCE"),
        ("AMOCRM_FIELDS", "[]"),
        ("AMOCRM_FIELDS", '{"UTM_SOURCE": "source"}'),
        ("AMOCRM_RESPONSIBLE", '{"sales": "Ivan"}'),
        ("AMOCRM_LANGUAGE", "de"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start(world: World, name: str, value: str) -> None:
    """The start ends with a line that names the setting and does not quote a secret."""
    given = {"AMOCRM_TOKEN": TOKEN, "AMOCRM_DOMAIN": "example.kommo.com", name: value}
    with pytest.raises(SystemExit, match=name) as caught:
        world.function("amocrm", **given)
    assert TOKEN not in str(caught.value)


def test_nothing_personal_or_secret_in_the_log(
    amo: AmoCrm, function: Load, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes wrong, no log line and no answer holds the token, a phone or a name."""
    event = sample("lead.quiz", visitor={"name": "Анна", "phone": PHONE})
    replies = (Reply(401, {"title": TOKEN}), Reply(504, HTML), Reply(400, {"title": PHONE}), None)
    answers = ""
    for fault in (None, *(Fault("/contacts", reply) for reply in replies)):
        bring = function()
        amo.faults[:] = [fault] if fault else []
        answers += bring.push(event)[1]
    printed = "".join(capfd.readouterr()) + answers
    assert [] == [one for one in (TOKEN, "9000000000", "Анна") if one in printed]
