from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from queue import Empty, SimpleQueue

ROOT = Path(__file__).parents[2]
MESSAGES = 200
WORKERS = 2
PATIENCE = 120


class Deliveries:
    """What is to be delivered, at least once, as Pub/Sub does: a message again until it is done."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kills = 0
        self._queue: SimpleQueue[str] = SimpleQueue()
        self._lock = threading.Lock()
        keys = [f"event-{n}" for n in range(MESSAGES)]
        chance = random.Random(20261122)  # noqa: S311 - no secret
        repeated = keys + chance.sample(keys, MESSAGES // 2) + chance.sample(keys, MESSAGES // 2)
        chance.shuffle(repeated)
        self._left = len(repeated)
        for key in repeated:
            self._queue.put(key)

    def work(self, number: int) -> None:
        """Start the subscriber again and again, until all is done."""
        deadline = time.monotonic() + PATIENCE
        life = 0
        while self._left and time.monotonic() < deadline:
            life += 1
            self._live(f"{number}/{life}")

    def _live(self, seed: str) -> None:
        command = [sys.executable, "-m", "tests.subscriber.killed", str(self.folder), seed]
        with subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            while self._left:
                try:
                    key = self._queue.get(timeout=0.01)
                except Empty:
                    continue
                try:
                    process.stdin.write(key + "\n")
                    answer = process.stdout.readline()
                except BrokenPipeError:
                    answer = ""
                if answer == f"done {key}\n":
                    with self._lock:
                        self._left -= 1
                else:
                    self._queue.put(key)  # refused, or nobody answered: it comes again
                if not answer:
                    with self._lock:
                        self.kills += 1
                    process.kill()
                    break


def test_killed_at_random(tmp_path: Path) -> None:
    """A subscriber that is killed again and again does each of 200 messages exactly once.

    Save where it was killed between the act and its record: then it says that it may repeat.
    """
    deliveries = Deliveries(tmp_path)
    workers = [threading.Thread(target=deliveries.work, args=(n,)) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    acts = defaultdict(list)
    for line in (tmp_path / "acts").read_text().splitlines():
        key, _, run = line.partition(" ")
        acts[key].append(run)
    assert (MESSAGES, 0) == (len(acts), deliveries._left)
    silent = {key: runs for key, runs in acts.items() if "first" in runs[1:]}
    assert {} == silent
    repeated = sum(len(runs) > 1 for runs in acts.values())
    assert deliveries.kills >= 5
    assert repeated <= deliveries.kills
