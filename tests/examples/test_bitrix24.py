from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import pytest

from envybox.event import Event
from envybox.testing import sample
from examples.standins.bitrix24 import CONTACT, DEAL, LEAD, PATH, Bitrix24
from examples.standins.server import HTML, Fault, Reply
from tests.examples.clock import Clock
from tests.examples.world import ORDERS, Function, World, call

PHONE = "+79000000000"
FM = [{"typeId": "PHONE", "valueType": "WORK", "value": PHONE}]
Load = Callable[..., Function]


@pytest.fixture
def portal() -> Iterator[Bitrix24]:
    """A portal, whose clock stands still."""
    with Bitrix24(clock=Clock()) as server:
        yield server


@pytest.fixture
def function(world: World, portal: Bitrix24) -> Load:
    """Loads the example with settings."""

    def load(**environ: str) -> Function:
        return world.function("bitrix24", BITRIX24_WEBHOOK_URL=portal.webhook, **environ)

    return load


def firsts(portal: Bitrix24) -> list[str]:
    """Return the first lines of the comments."""
    return [comment["COMMENT"].split("\n")[0] for comment in portal.comments]


MISSED, ORDERED = "Пропущенный звонок: оператор не взял трубку", "Заказ звонка"


def is_whole(portal: Bitrix24) -> bool:
    """Return whether the call of `call()` is there: one lead, each state and the to-do once."""
    (lead,) = portal.items[LEAD].values()
    given = (lead["originId"], lead["assignedById"], lead["utmSource"], lead["sourceId"])
    assert ("call/6002540", 7, "yandex", "CALLBACK") == given
    assert [MISSED, ORDERED] == sorted(firsts(portal), reverse=True)
    return 1 == len(portal.todos)


def story() -> list[Event]:
    """Return the three events of a call, the last two of a department."""
    started, missed, ordered = call(visitor={"phone": PHONE}, utm={"source": "yandex"})
    return [started, *(_of_sales(event) for event in (missed, ordered))]


def _of_sales(event: Event) -> Event:
    manager = msgspec.structs.replace(event.manager, department="Продажи")
    return msgspec.structs.replace(event, manager=manager)


SALES = {"BITRIX24_RESPONSIBLE": '{"продажи": 7}'}


@pytest.mark.parametrize("order", ORDERS)
def test_a_call_is_one_lead_whatever_the_order(
    world: World, portal: Bitrix24, function: Load, order: tuple[int, ...]
) -> None:
    """Each event stored when it comes, in any order and twice: one lead, each state once."""
    events = story()
    bring = function(**SALES)
    for place in (*order, *order):
        world.store(events[place])
        bring.deliver([events[place]])
    assert is_whole(portal)


def test_in_parallel(world: World, portal: Bitrix24, function: Load) -> None:
    """Pushes of one call at the same time, each several times, make one lead."""
    events = story()
    world.store(*events)
    function(**SALES).deliver(events * 2, threads=6, tries=60)
    assert is_whole(portal)


def test_two_calls_of_one_person_in_parallel(
    world: World, portal: Bitrix24, function: Load
) -> None:
    """Calls of one phone at the same time meet in one lead, as they do one after another."""
    calls = [call(str(n), visitor={"phone": PHONE})[1] for n in range(4)]
    world.store(*calls)
    function().deliver(calls, threads=4, tries=60)
    assert (1, [MISSED] * 4) == (len(portal.items[LEAD]), firsts(portal))


FAULTS = [
    Reply(503, {"error": "QUERY_LIMIT_EXCEEDED", "error_description": "Too many requests"}),
    Reply(429, {"error": "OPERATION_TIME_LIMIT"}),
    Reply(503, HTML),
    Reply(403, HTML),
    Reply(500, {"error": "INTERNAL_SERVER_ERROR"}),
    Reply(401, {"error": "expired_token"}),
    Reply(200, HTML),
]


@pytest.mark.parametrize("reply", FAULTS)
@pytest.mark.parametrize(
    "method", ["crm.item.add", "crm.item.list", "crm.duplicate.findbycomm", "comment.add"]
)
def test_failures_between(
    world: World, portal: Bitrix24, function: Load, reply: Reply, method: str
) -> None:
    """Each documented failure, at each step, ends in the same one lead."""
    events = story()
    world.store(*events)
    portal.faults.append(Fault(f"{method}.json", reply))
    function(**SALES).deliver(events)
    assert is_whole(portal)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(
    "method", ["crm.item.add", "comment.add", "todo.add", "crm.item.update", "mode.get"]
)
def test_a_time_out_that_took_effect(
    world: World, portal: Bitrix24, function: Load, method: str, order: tuple[int, ...]
) -> None:
    """What was done though no answer came is found, and is not done again."""
    events = story()
    portal.faults.append(Fault(f"{method}.json", None, effect=True))
    bring = function(**SALES)
    for place in order:
        world.store(events[place])
        bring.deliver([events[place]])
    assert is_whole(portal)


def test_a_day_without_the_crm(world: World, portal: Bitrix24, function: Load) -> None:
    """While the portal is down nothing is answered 2xx, and all of it is there afterwards."""
    events = story()
    world.store(*events)
    bring = function(**SALES)
    portal.faults.extend([Fault(".json", Reply(503, HTML))] * 30)
    answers = {bring.push(event)[0] for event in events * 10}
    assert ({503}, []) == (answers, portal.faults)
    bring.deliver(events)
    assert is_whole(portal)


def test_the_portals_limit(portal: Bitrix24, function: Load) -> None:
    """A burst over the limit is 503, and comes again when the bucket has emptied."""
    leads = [
        sample("lead.quiz", visitor={"id": str(n), "phone": f"+7900000{n:04}"}) for n in range(12)
    ]
    bring = function()
    statuses = [bring.push(lead)[0] for lead in leads]
    assert {200, 503} == set(statuses)
    portal.clock.sleep(25)  # type: ignore[attr-defined]  # our Clock
    bring.deliver([lead for lead, status in zip(leads, statuses, strict=True) if status == 503])
    assert 12 == len(portal.items[LEAD])


@pytest.mark.parametrize("value", [PHONE, "89000000000", "79000000000"])
def test_an_open_lead_is_found_by_phone(portal: Bitrix24, function: Load, value: str) -> None:
    """A lead that is open and has the phone, however it is written, is not made twice."""
    lead = portal.add(LEAD, title="Анна", fm=[{**FM[0], "value": value}])
    function().push(sample("lead.quiz", visitor={"phone": PHONE}))
    assert ([lead], lead) == (list(portal.items[LEAD]), portal.comments[0]["ENTITY_ID"])


def test_a_closed_lead_is_not_opened(portal: Bitrix24, function: Load) -> None:
    """A lead that was won or lost stays so: there is a new one."""
    portal.add(LEAD, title="Анна", fm=FM, stageSemanticId="F")
    function().push(sample("lead.quiz", visitor={"phone": PHONE}))
    assert 2 == len(portal.items[LEAD])


def test_a_known_contact(portal: Bitrix24, function: Load) -> None:
    """A lead of a known contact is linked to it; where he has an open deal it is told there."""
    contact = portal.add(CONTACT, name="Анна", fm=FM)
    bring = function()
    bring.push(sample("lead.quiz", visitor={"phone": PHONE}))
    (lead,) = portal.items[LEAD].values()
    assert contact == lead["contactId"]
    deal = portal.add(DEAL, contactId=contact)
    lead["stageSemanticId"] = "S"
    bring.push(sample("lead.generator", visitor={"phone": PHONE}))
    last = portal.comments[-1]
    assert ("deal", deal, 1) == (last["ENTITY_TYPE"], last["ENTITY_ID"], len(portal.items[LEAD]))


def test_found_by_mail(portal: Bitrix24, function: Load) -> None:
    """Without a phone the e-mail address is looked for; without either nothing is brought in."""
    mail = [{"typeId": "EMAIL", "valueType": "WORK", "value": "anna@example.com"}]
    lead = portal.add(LEAD, fm=mail)
    bring = function()
    nobody = {"phone": None, "email": None}
    bring.push(sample("chat.offline", visitor={**nobody, "email": "anna@example.com"}))
    assert [lead] == [comment["ENTITY_ID"] for comment in portal.comments]
    _, text = bring.push(sample("chat.online", visitor=nobody))
    assert "neither a phone nor an e-mail" in text


def test_a_portal_without_leads(world: World, portal: Bitrix24, function: Load) -> None:
    """In the simple CRM it is a contact and one deal, with the comments and the to-do there."""
    portal.simple = True
    events = story()
    world.store(*events)
    portal.faults.append(Fault("crm.item.add.json", None, effect=True))
    function(**SALES).deliver(events)
    (contact,), (deal,) = portal.items[CONTACT].values(), portal.items[DEAL].values()
    assert ([], contact["id"]) == (list(portal.items[LEAD]), deal["contactId"])
    assert {("deal", deal["id"])} == {(c["ENTITY_TYPE"], c["ENTITY_ID"]) for c in portal.comments}
    assert [2] == [todo["ownerTypeId"] for todo in portal.todos]


def test_a_lead_that_was_deleted(world: World, portal: Bitrix24, function: Load) -> None:
    """Where somebody deleted the call's lead, the next state makes a new one."""
    started, missed, _ = story()
    world.store(started, missed)
    bring = function()
    bring.deliver([started])
    portal.items[LEAD].clear()
    bring.deliver([missed])
    assert 1 == len(portal.items[LEAD])


def test_a_person_who_was_made_responsible_stays_so(
    world: World, portal: Bitrix24, function: Load
) -> None:
    """What a person changed in the lead is left alone; what is empty is filled."""
    started, missed, _ = story()
    world.store(started)
    bring = function(**SALES)
    bring.deliver([started])
    (lead,) = portal.items[LEAD].values()
    lead.update(assignedById=3, utmSource=None)
    world.store(missed)
    bring.deliver([missed])
    assert (3, "yandex") == (lead["assignedById"], lead["utmSource"])


def test_a_talk_and_its_recording(world: World, portal: Bitrix24, function: Load) -> None:
    """The comment of a talk has who talked, for how long, and the link to the recording."""
    link = "http://example.com/record/1/"
    event = sample(
        "call.info",
        call={"state": "answered", "duration_seconds": 54, "record_url": link},
        manager={"name": "Иван"},
    )
    world.store(event)
    function(BITRIX24_LANGUAGE="en").push(event)
    text = portal.comments[0]["COMMENT"]
    assert (
        f"They talked\nTalked to: Иван\n54 s\nRecording: {link}\n" == text.rpartition("envybox:")[0]
    )


def test_a_call_back_at_a_time(world: World, portal: Bitrix24, function: Load) -> None:
    """A call-back for later is a to-do for then, of the department's person, in its zone."""
    event = sample(
        "call.result",
        call={"state": "callback_scheduled", "scheduled_at": "2026-11-20T11:30:00Z"},
        manager={"department": "ПРОДАЖИ"},
    )
    world.store(event)
    function(**SALES).push(event)
    (todo,) = portal.todos
    assert ("2026-11-20T14:30:00+03:00", 7) == (todo["deadline"], todo["responsibleId"])


def test_fields_of_ones_own(portal: Bitrix24, function: Load) -> None:
    """A field of the portal's is filled from the event: Roistat's visit, say."""
    fields = '{"ufCrmRoistat": "ids.roistat"}'
    function(BITRIX24_FIELDS=fields).push(sample("lead.quiz", ids={"roistat": "123"}))
    (lead,) = portal.items[LEAD].values()
    assert "123" == lead["ufCrmRoistat"]


def test_a_visitors_text_is_no_link(portal: Bitrix24, function: Load) -> None:
    """What a visitor writes is shown as it is: BB code of his makes no link in the CRM."""
    message = "[url=https://example.com/]счёт[/url]"
    function().push(sample("chat.offline", chat={"message": message}))
    assert "[url" not in portal.comments[0]["COMMENT"]


def test_a_renamed_portal(
    portal: Bitrix24, function: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    """A redirect to the portal's new name is followed with the body, and the log says so."""
    with Bitrix24() as renamed:
        moved = f"{renamed.webhook}crm.settings.mode.get.json"
        portal.faults.append(Fault(".json", Reply(302, HTML, {"location": moved})))
        assert 200 == function().push(sample("lead.quiz"))[0]
        assert 1 == len(renamed.items[LEAD])
    assert "set the webhook's URL" in capsys.readouterr().out


@pytest.mark.parametrize("location", ["", "ftp://example.com/", "/login"])
def test_a_redirect_to_nowhere(portal: Bitrix24, function: Load, location: str) -> None:
    """A redirect that is no portal's address is not followed: it is a person's to mend."""
    portal.faults.append(Fault(".json", Reply(302, HTML, {"location": location})))
    assert 500 == function().push(sample("lead.quiz"))[0]


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (Reply(403, {"error": "ACCESS_DENIED"}), 500),  # no paid plan
        (Reply(403, {"error": "insufficient_scope"}), 500),
        (Reply(400, {"error": "", "error_description": "Access denied."}), 500),
        (Reply(503, {"error": "OVERLOAD_LIMIT"}), 500),
        (Reply(500, {"error": "PORTAL_DELETED"}), 500),
        (Reply(400, {"error": "CRM_FIELD_ERROR_VALUE_NOT_VALID"}), 200),
        (Reply(400, {"error": "OWNER_NOT_FOUND"}), 503),
        (Reply(504, {"error": "something new"}), 503),
    ],
)
def test_what_each_error_means(
    portal: Bitrix24,
    function: Load,
    capsys: pytest.CaptureFixture[str],
    reply: Reply,
    status: int,
) -> None:
    """What a person must mend is 500, what passes 503, what is never taken 200 and an ERROR."""
    portal.faults.append(Fault("crm.item.add.json", reply))
    assert status == function().push(sample("lead.quiz"))[0]
    assert (status == 503) is ('"ERROR"' not in capsys.readouterr().out)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BITRIX24_WEBHOOK_URL", ""),
        ("BITRIX24_WEBHOOK_URL", "http://example.bitrix24.ru/rest/1/secretcode/"),
        ("BITRIX24_RESPONSIBLE", "Иван"),
        ("BITRIX24_RESPONSIBLE", '{"продажи": "Иван"}'),
        ("BITRIX24_RESPONSIBLE", "[1]"),
        ("BITRIX24_FIELDS", '{"ufCrmRoistat": "roistat"}'),
        ("BITRIX24_LANGUAGE", "de"),
    ],
)
def test_a_setting_that_cannot_be_used_stops_the_start(world: World, name: str, value: str) -> None:
    """The start ends with a line that names the setting and does not quote a secret."""
    given = {"BITRIX24_WEBHOOK_URL": f"https://example.bitrix24.ru{PATH}", name: value}
    with pytest.raises(SystemExit, match=name) as caught:
        world.function("bitrix24", **given)
    assert "secretcode" not in str(caught.value)


def test_nothing_personal_or_secret_in_the_log(
    portal: Bitrix24, function: Load, capfd: pytest.CaptureFixture[str]
) -> None:
    """Whatever goes wrong, no log line and no answer holds the URL's code, a phone or a name."""
    event = sample("lead.quiz", visitor={"name": "Анна", "phone": PHONE})
    answers = ""
    moved = Reply(302, HTML, {"location": f"https://127.0.0.1:1{PATH}x.json"})
    for fault in (None, *(Fault(".json", reply) for reply in (*FAULTS, moved, None))):
        bring = function()
        portal.faults[:] = [fault] if fault else []
        answers += bring.push(event)[1]
    printed = "".join(capfd.readouterr()) + answers
    assert [] == [one for one in ("secretcode", "9000000000", "Анна") if one in printed]
