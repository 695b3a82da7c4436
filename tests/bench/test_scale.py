from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import scale
from bench.scale_model import STEP, World, simulate


def test_calm() -> None:
    """A few webhooks a second need one instance, and none of them waits after its start."""
    out = simulate(World(rate=5, hours=0.2))
    assert (1, 0, 0, 0.0) == (out.instances, out.spooled, out.refused, out.wait_p99)
    assert [] == out.limits


def test_outage() -> None:
    """What comes while Firestore is down is spooled, and the spool is worked off afterwards."""
    out = simulate(World(rate=20, hours=1, outage=600, push_wait=10))
    assert 600 * 20 == pytest.approx(out.spooled, rel=0.1)
    assert out.drained_after is not None
    assert 0 == out.moments[-1].spool


def test_too_few_instances() -> None:
    """Beyond its instances, what waited too long is refused."""
    out = simulate(World(rate=5000, hours=0.1, max_instances=1, firestore_writes=0))
    assert out.refused > 0
    assert "instances" in out.limits


def test_too_many_writes() -> None:
    """Over Firestore's limit the spool takes the rest, and never gets empty."""
    out = simulate(World(rate=2000, hours=0.2))
    assert ["Firestore, spool left at the end"] == out.limits
    assert out.moments[-1].spool > 0


@settings(max_examples=30)
@given(
    rate=st.floats(0.1, 3000),
    spike=st.floats(1, 20),
    outage=st.sampled_from([0, 60]),
    max_instances=st.integers(1, 5),
)
def test_nothing_is_lost(rate: float, spike: float, outage: float, max_instances: int) -> None:
    """Every webhook is answered, refused or still waiting: the model makes and loses none."""
    world = World(rate=rate, spike=spike, outage=outage, max_instances=max_instances, hours=0.1)
    out = simulate(world)
    gone = sum(moment.answered + moment.refused for moment in out.moments) * STEP
    assert out.arrived == pytest.approx(gone + out.moments[-1].waiting)
    assert all(moment.spool >= 0 <= moment.waiting for moment in out.moments)


def test_plot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command tells the outcome and writes a picture that is XML."""
    picture = tmp_path / "scale.svg"
    scale.main(["--rate", "3", "--hours", "0.1", "--outage", "30", "--plot", str(picture)])
    assert "0 refused" in capsys.readouterr().out
    assert "{http://www.w3.org/2000/svg}svg" == ElementTree.parse(picture).getroot().tag  # noqa: S314 # our own


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("--hours", "0", "--hours: give a number >= 0.01"),
        ("--rate", "-5", "--rate: give a number >= 0.01"),
        ("--rate", "nan", "--rate: give a number >= 0.01"),
        ("--rate", "inf", "--rate: give a number <= "),
        ("--cpu-ms", "much", "--cpu-ms: give a number"),
        ("--max-instances", "0", "--max-instances: give a whole number >= 1"),
        ("--ramp", "perhaps", "--ramp: give true or false"),
        ("--plot", "/no/such/dir/x.svg", "Name a file in a folder that is there."),
    ],
)
def test_unusable(capsys: pytest.CaptureFixture[str], name: str, value: str, advice: str) -> None:
    """What cannot be simulated or written is told, with what to give instead."""
    with pytest.raises(SystemExit):
        scale.main(["--hours", "0.01", name, value])
    assert advice in capsys.readouterr().err


def test_table(capsys: pytest.CaptureFixture[str]) -> None:
    """The table has a row for each rate from 10 to 100,000."""
    scale.main(["--table", "--hours", "0.01"])
    assert 2 + 5 == len(capsys.readouterr().out.strip().splitlines())


@pytest.mark.parametrize(
    ("name", "world"),
    [
        ("table", World()),
        ("table-unindexed", World(max_instances=10_000, firestore_writes=0)),
    ],
)
def test_document(name: str, world: World) -> None:
    """The tables of docs/scale.md are what the simulation gives."""
    text = Path(__file__).parents[2].joinpath("docs", "scale.md").read_text("utf-8")
    assert f"<!-- {name} -->\n{scale.table(world)}\n<!-- end -->" in text
