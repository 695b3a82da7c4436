"""The visitor."""

from __future__ import annotations

from envybox.event import Visitor
from envybox.receiver.normalize.form import Form
from envybox.receiver.normalize.text import filled


def visitor_of(form: Form) -> Visitor:
    """Return the visitor of a webhook."""
    place = form.text("place")
    city, region = (None, None) if place is None else split_place(place)
    return Visitor(
        id=form.id("visitor_id"),
        name=form.text("name"),
        phone=form.phone("phone"),
        phone_text=form.text("phone"),
        email=form.text("email"),
        ip=form.text("ip"),
        place=place,
        city=city,
        region=region,
    )


def split_place(place: str) -> tuple[str | None, str | None]:
    """Return city and region: `Краснодар, Краснодарский край`, or the city alone."""
    city, _, region = place.partition(",")
    return filled(city.strip()), filled(region.strip())
