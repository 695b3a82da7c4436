"""The figures in README.ru.md."""

from __future__ import annotations

from docs.generate import figures, put


def filled(text: str) -> str:
    """Return README.ru.md with the figures of the last runs."""
    return put(text, "<!-- figures -->\n", _table(), "<!-- /figures -->")


def _table() -> str:
    faults = figures.faults()
    load = figures.measured("8 connections", "naive")
    start = figures.measured("cold start to the first 200", "naive")
    rows = (
        ("видов сбоев в испытаниях", _number(faults.faults)),
        ("отправлено при них вебхуков", _number(faults.sent)),
        ("из них принято с ответом 2xx", _number(faults.acknowledged)),
        ("из принятых потеряно", _number(faults.lost)),
        ("самый долгий ответ при сбоях", f"{_number(faults.longest_seconds)} с"),
        (
            "вебхуков в секунду, 8 соединений",
            f"{_number(load.value)}; написанный по учебникам: {_number(load.peer)}",
        ),
        (
            "холодный старт до первого ответа",
            f"{_number(start.value)} мс; написанный по учебникам: {_number(start.peer)} мс",
        ),
    )
    lines = (f"| {what} | {figure} |" for what, figure in rows)
    return "\n".join(["| Что измерено | Сколько |", "|---|---|", *lines]) + "\n"


def _number(value: float) -> str:
    """Return a number as it is written in Russian: 2 821 and 2,61, the space one that holds."""
    return f"{value:,}".removesuffix(".0").replace(",", "\u00a0").replace(".", ",")
