"""One suite for both implementations of the look-up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from envybox.event import NORMALIZER_VERSION, encode
from envybox.ports.lookup import Filters, Found, matches, scan
from envybox.ports.store import Record
from envybox.webhook import decode_raw
from tests.operator.worlds import NOW, World, an_event, ids


def _found(world: World, filters: Filters | None = None, **asked: Any) -> list[str]:
    return ids(scan(world.lookup(), filters or Filters(**asked)))


def test_newest_first(world: World) -> None:
    """All events come, by their time of receipt and not in the order they were stored."""
    first, second, third = (an_event(seconds=n) for n in range(3))
    world.put(second, third, first)
    assert ids([third, second, first]) == _found(world)


def test_pages(world: World) -> None:
    """Pages follow one another by their cursor, those of one moment too; the last has none."""
    events = [an_event(seconds=n // 3) for n in range(7)]
    world.put(*events)
    lookup = world.lookup()
    pages, cursor = [], ""
    while True:
        listing = lookup.page(Filters(), limit=3, cursor=cursor)
        pages.append(ids(listing.events))
        cursor = listing.cursor
        if not cursor:
            break
    expected = sorted(events, key=lambda one: (one[0].received_at, one[0].id), reverse=True)
    assert ids(expected) == [event for page in pages for event in page]
    assert [3, 3, 1] == [len(page) for page in pages]


def test_a_page_that_is_just_full(world: World) -> None:
    """After a page that is full the next one may be empty, and ends the list."""
    world.put(an_event(), an_event())
    lookup = world.lookup()
    listing = lookup.page(Filters(), limit=2)
    assert 2 == len(listing.events)
    last = lookup.page(Filters(), limit=2, cursor=listing.cursor)
    assert ([], "") == (last.events, last.cursor)


@pytest.mark.parametrize("cursor", ["x", "%%%", "aGFsbG8gZHU", "я"])
def test_not_a_cursor(world: World, cursor: str) -> None:
    """Text that is no cursor is told to be none."""
    world.put(an_event())
    with pytest.raises(ValueError, match="cursor"):
        world.lookup().page(Filters(), cursor=cursor)


CHANGES = {
    "type": {"webhooktype": "2"},
    "site": {"site": "other.example"},
    "state": {"call_state": "Оператор был занят"},
    "phone": {"phone": "8 (900) 000-00-01"},
    "email": {"email": "anna@example.com"},
    "visitor": {"visitor_id": "5"},
    "call": {"call_id": "77"},
    "chat": {"chat_id": "88"},
}
WANTED = {
    "type": "call.info",
    "site": "other.example",
    "state": "operator_busy",
    "phone": "+79000000001",
    "email": "anna@example.com",
    "visitor": "5",
    "call": "77",
    "chat": "88",
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_field(world: World, name: str) -> None:
    """A filter finds the events that have its value, newest first, and counts them."""
    one, two = (an_event(seconds=n, **CHANGES[name]) for n in (0, 2))
    world.put(one, an_event(seconds=1), two)
    asked = Filters(**{name: WANTED[name]})
    assert ids([two, one]) == _found(world, asked)
    counted = world.lookup().count(asked)
    assert 2 == counted.number


@pytest.mark.parametrize("name", CHANGES)
def test_pages_of_a_field(world: World, name: str) -> None:
    """A filter's pages follow one another too."""
    events = [an_event(seconds=n, **CHANGES[name]) for n in range(3)]
    world.put(*events)
    asked = Filters(**{name: WANTED[name]})
    assert ids(reversed(events)) == ids(scan(world.lookup(), asked, page=2))


def test_several_fields(world: World) -> None:
    """Several filters have to hold together."""
    both = an_event(**CHANGES["type"], **CHANGES["site"])
    world.put(an_event(**CHANGES["type"]), both, an_event(**CHANGES["site"]))
    assert ids([both]) == _found(world, type="call.info", site="other.example")
    assert ids([both]) == _found(
        world, type="call.info", phone="+79998887766", site="other.example"
    )
    assert [] == _found(world, type="call.info", site="other.example", account="b2b")


def test_a_phone_that_is_none(world: World) -> None:
    """A number that could not be read is found by its text as received."""
    odd = an_event(phone="8900 или 8901")
    world.put(an_event(), odd)
    assert ids([odd]) == _found(world, phone="8900 или 8901")


def test_account(world: World) -> None:
    """Accounts are told apart."""
    mine, other = an_event(account="shop"), an_event(account="b2b")
    world.put(mine, other)
    assert ids([other]) == _found(world, account="b2b")


def test_times(world: World) -> None:
    """The first moment belongs to a span, its last does not; with other filters too."""
    events = [an_event(seconds=n) for n in range(5)]
    world.put(*events)
    since, until = NOW + timedelta(seconds=1), NOW + timedelta(seconds=3)
    expected = ids(reversed(events[1:3]))
    assert expected == _found(world, since=since, until=until)
    assert expected == _found(world, since=since, until=until, type="call.result")
    assert expected == _found(world, since=since, until=until, visitor="662654972")
    assert 2 == world.lookup().count(Filters(since=since, until=until)).number


def test_pending(world: World) -> None:
    """What is pending comes oldest first, in pages as well; the rest of the filters hold."""
    waiting = [an_event(seconds=n) for n in range(3)]
    quiz = an_event("the quiz", seconds=3)
    world.put(an_event())
    world.put(*waiting, quiz, published=False)
    assert ids([*waiting, quiz]) == ids(scan(world.lookup(), Filters(pending=True), page=2))
    assert ids(waiting) == _found(world, pending=True, type="call.result")
    assert ids(waiting) == _found(world, pending=True, visitor="662654972")
    assert ids(waiting[1:]) == _found(
        world, pending=True, type="call.result", since=NOW + timedelta(seconds=1)
    )
    assert 4 == world.lookup().count(Filters(pending=True)).number


def test_warnings(world: World) -> None:
    """What could not be normalized wholly is found, though Firestore has no index for it."""
    odd = an_event(phone="none")
    world.put(an_event(), odd, an_event(seconds=1))
    assert ids([odd]) == _found(world, warnings=True)


def test_made_by_an_older_normalizer(world: World) -> None:
    """Events carry the version of what made them."""
    event = an_event()
    world.put(event)
    assert ids([event]) == _found(world, older_than=NORMALIZER_VERSION + 1)
    assert [] == _found(world, older_than=NORMALIZER_VERSION)


def test_one_whole(world: World) -> None:
    """An event comes as it was received, as it was normalized, and how far it came."""
    event, fields = an_event(custom_data='[{"a": [1, "я"]}]', more="поле")
    expire_at = NOW + timedelta(days=30)
    world.put((event, fields), expire_at=expire_at)
    found = world.lookup().get(event.id)
    assert found is not None
    assert encode(event) == encode(found.event)
    assert fields == decode_raw(found.raw)
    publish = found.publish
    assert ("published", "envybox-call-result", "7", NOW, 1) == (
        publish.state,
        publish.topic,
        publish.message_id,
        publish.published_at,
        publish.attempts,
    )
    assert expire_at == found.expire_at
    assert NORMALIZER_VERSION == found.normalizer


def test_several(world: World) -> None:
    """Several events come at once; those that are not there are left out."""
    one, two = an_event(), an_event()
    world.put(one, two, an_event())
    found = world.lookup().several([two[0].id, "0" * 32, one[0].id])
    assert {event.id: event.id for event, _ in (one, two)} == {
        id_: each.event.id for id_, each in found.items()
    }


def test_one_that_is_not_there(world: World) -> None:
    """An id that nothing has finds nothing."""
    world.put(an_event())
    assert world.lookup().get("0" * 32) is None


def test_facets(world: World) -> None:
    """Facets tell how many have which value, the most first."""
    quiz = an_event("the quiz", site="")
    world.put(an_event(), an_event(**CHANGES["type"], account="b2b"), an_event(), quiz)
    facets = world.lookup().facets(Filters())
    assert {"call.result": 2, "call.info": 1, "lead.quiz": 1} == facets.values["type"]
    assert ["call.result", "call.info", "lead.quiz"] == list(facets.values["type"])
    assert {"callback_ordered": 3} == facets.values["state"]
    assert {"somedomain.com": 3} == facets.values["site"]
    assert {"shop": 3, "b2b": 1} == facets.values["account"]
    assert (4, True) == (facets.counted, facets.complete)
    asked = world.lookup().facets(Filters(account="b2b"))
    assert ({"call.info": 1}, 1) == (asked.values["type"], asked.counted)


def test_rewrite(world: World) -> None:
    """Another event takes an event's place; what was received and how far it came stay."""
    event, fields = an_event()
    world.put((event, fields), expire_at=NOW + timedelta(days=1))
    lookup = world.lookup()
    before = _get(world, event.id)
    other = an_event(name="Анна", custom_data="[[1]]")[0]
    changed = msgspec.structs.replace(other, id=event.id)
    assert lookup.rewrite(before, changed)
    after = _get(world, event.id)
    assert "Анна" == after.event.visitor.name
    assert (before.raw, before.publish, before.expire_at) == (
        after.raw,
        after.publish,
        after.expire_at,
    )
    assert ids([before]) == _found(world)


def test_rewrite_of_what_changed(world: World) -> None:
    """An event that changed since it was read is left as it is, and so is one that is gone."""
    event, fields = an_event()
    world.put((event, fields))
    lookup = world.lookup()
    before = _get(world, event.id)
    assert lookup.rewrite(before, msgspec.structs.replace(event, type="call.info"))
    assert not lookup.rewrite(before, event)
    assert "call.info" == _get(world, event.id).event.type
    now = _get(world, event.id)
    lookup.erase(event.id, NOW)
    assert not lookup.rewrite(now, event)
    assert NOW == _get(world, event.id).erased_at


def test_erase(world: World) -> None:
    """An erased event is in no list and no count by a field; its head alone is left."""
    event, fields = an_event()
    other = an_event()
    world.put((event, fields), other, expire_at=NOW + timedelta(days=1))
    lookup = world.lookup()
    assert lookup.erase(event.id, NOW)
    assert ids([other]) == _found(world)
    assert ids([other]) == _found(world, type="call.result")
    assert ids([other]) == _found(world, phone="+79998887766")
    assert 1 == lookup.count(Filters(type="call.result")).number
    assert {"call.result": 1} == lookup.facets(Filters()).values["type"]
    left = _get(world, event.id)
    assert (NOW, "[]", "shop", event.received_at) == (
        left.erased_at,
        left.raw,
        left.event.account,
        left.event.received_at,
    )
    assert left.event.visitor.phone is None
    assert NOW + timedelta(days=1) == left.expire_at
    assert not lookup.erase("0" * 32, NOW)


def test_what_was_erased_stays_away(world: World) -> None:
    """A repeat of an erased webhook makes no new event, and nothing of it is published."""
    event, fields = an_event()
    world.put((event, fields), published=False)
    world.lookup().erase(event.id, NOW)

    async def again(store: Any, _publisher: Any) -> tuple[bool, Any, Any]:
        record = Record(event=event, raw="[]", topic="envybox-call-result")
        created = await store.create(record, timeout=10)
        backlog = await store.backlog(timeout=10)
        return created, await store.get(event.id, timeout=10), backlog.pending

    created, stored, pending = world.run(again)
    assert (False, True, event.received_at, 0) == (
        created,
        stored.published,
        stored.received_at,
        pending,
    )


def test_matching_is_what_the_store_does(world: World) -> None:
    """What a list leaves out and has is the same as looking at each event."""
    events = [
        an_event(seconds=n, account=account, **changes)
        for n, (account, changes) in enumerate(
            (account, {**CHANGES[one], **CHANGES[two]})
            for account in ("shop", "b2b")
            for one in ("type", "state", "phone")
            for two in ("site", "chat")
        )
    ]
    world.put(*events)
    all_of_them = list(scan(world.lookup(), Filters()))
    since = NOW + timedelta(seconds=4)
    for asked in (
        Filters(**{name: WANTED[name]}, **more)  # type: ignore[arg-type]
        for name in CHANGES
        for more in ({}, {"account": "b2b"}, {"since": since}, {"until": since, "account": "b2b"})
    ):
        expected = [found for found in all_of_them if matches(asked, found)]
        assert ids(expected) == _found(world, asked), asked


def test_closing(world: World) -> None:
    """A look-up that is closed lets go, and opens again where it is asked once more."""
    event, fields = an_event()
    world.put((event, fields))
    lookup = world.lookup()
    for _ in range(2):
        found = lookup.get(event.id)
        assert found is not None
        lookup.close()


def _get(world: World, event_id: str) -> Found:
    found = world.lookup().get(event_id)
    assert found is not None
    return found
