"""What an example costs when it starts, beside an empty function: `python -m bench.examples`.

In each round every function starts once, in turn, there and back; the figures are medians.
`--write` puts the table into examples/README.md and its Russian version.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from statistics import median

from bench import stand
from bench.client import ROOT
from tests.examples.world import SETTINGS

EMPTY = stand.HELLO
PEERS = (
    EMPTY,
    *(
        stand.Peer(name, f"examples/{name}/main.py", "main")
        for name in ("telegram", "bitrix24", "amocrm", "recordings", "conversions")
    ),
)
ROUNDS = 5
BEGIN, END = "<!-- start -->", "<!-- /start -->"
HEADS = {
    "README.md": ("an empty function", "| | first answer, ms | CPU, s | memory, MB |"),
    "README.ru.md": ("пустая функция", "| | первый ответ, мс | CPU, с | память, МБ |"),
}
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

Figures = dict[str, tuple[float, float, float]]


def measure(rounds: int = ROUNDS) -> Figures:
    """Return the medians: milliseconds to the first answer, seconds of CPU, MB of memory."""
    for settings in SETTINGS.values():
        os.environ.update(settings)
    samples: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for peer in PEERS:
        _start(peer)  # compiles what it imports, as a build does
    for number in range(rounds):
        for peer in PEERS if number % 2 == 0 else reversed(PEERS):
            samples[peer.name].append(_start(peer))
    return {
        name: tuple(median(column) for column in zip(*runs, strict=True))
        for name, runs in samples.items()
    }


def _start(peer: stand.Peer) -> tuple[float, float, float]:
    started = time.perf_counter()
    with stand.started(peer, stand.NOWHERE) as server:
        stand.first_answer(server, REQUEST)
        return (time.perf_counter() - started) * 1000, server.cpu(), server.memory()


def table(figures: Figures, readme: str) -> str:
    """Return the figures as a table for a README."""
    empty, head = HEADS[readme]
    rows = [head, "|---|---|---|---|"]
    for name, (ms, cpu, memory) in figures.items():
        shown = f"{ms:.0f} | {cpu:.2f} | {memory:.0f}"
        shown = shown.replace(".", ",") if readme.endswith(".ru.md") else shown
        rows.append(f"| {empty if name == EMPTY.name else name} | {shown} |")
    return "\n".join(rows)


def write(figures: Figures) -> None:
    """Put the table into both READMEs."""
    for readme in HEADS:
        path = ROOT / "examples" / readme
        before, rest = path.read_text("utf-8").split(BEGIN)
        after = rest.split(END)[1]
        path.write_text(f"{before}{BEGIN}\n{table(figures, readme)}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    found = measure()
    print(table(found, "README.md"), f"\nload {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores")
    if "--write" in sys.argv:
        write(found)
