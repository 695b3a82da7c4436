"""The visitor."""

from __future__ import annotations

from envybox.event import Visitor
from envybox.receiver.normalize.form import Form
from envybox.receiver.normalize.plan import read
from envybox.receiver.normalize.text import filled


def visitor_of(form: Form) -> Visitor:
    """Return the visitor of a webhook."""
    fields = read(form, Visitor)
    if place := fields.get("place"):
        fields["city"], fields["region"] = split_place(place)
    return Visitor(**fields)


def split_place(place: str) -> tuple[str | None, str | None]:
    """Return city and region: `Краснодар, Краснодарский край`, or the city alone."""
    city, _, region = place.partition(",")
    return filled(city.strip()), filled(region.strip())
