"""The table of what an example costs when it starts."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import examples

FIGURES = {peer.name: (1234.5, 0.86, 55.4) for peer in examples.PEERS}


def test_the_table_is_put_into_both_readmes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each function has its row beside the empty one's, and what stands around stays."""
    (tmp_path / "examples").mkdir()
    for readme in examples.HEADS:
        text = f"before\n{examples.BEGIN}\nold\n{examples.END}\nafter\n"
        (tmp_path / "examples" / readme).write_text(text, "utf-8")
    monkeypatch.setattr(examples, "ROOT", tmp_path)
    examples.write(FIGURES)
    english, russian = ((tmp_path / "examples" / one).read_text("utf-8") for one in examples.HEADS)
    assert "before\n" == english.partition(examples.BEGIN)[0]
    assert "\nafter\n" == russian.partition(examples.END)[2]
    assert "| an empty function | 1234 | 0.86 | 55 |\n| telegram | " in english
    assert "| пустая функция | 1234 | 0,86 | 55 |\n| telegram | " in russian
    assert "old" not in english + russian


@pytest.mark.parametrize("readme", examples.HEADS)
def test_the_readmes_have_every_function(readme: str) -> None:
    """The tables that are kept have a row for each function that is measured."""
    text = (Path(__file__).parents[2] / "examples" / readme).read_text("utf-8")
    rows = text.partition(examples.BEGIN)[2].partition(examples.END)[0]
    names = [examples.HEADS[readme][0], *(peer.name for peer in examples.PEERS[1:])]
    assert names == [row.split(" | ")[0].strip("| ") for row in rows.strip().split("\n")[2:]]
