"""What the Russian pages say in the language of the code, and where else it is said."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from docs.generate.pages import ROOT

FOLDER = ROOT / "docs" / "ru"
PAGES = [ROOT / "README.ru.md", *sorted(FOLDER.glob("*.md"))]
ABOUT_THE_LAW = "закон"
"""A section whose heading has this word tells figures of the law, which no other page has."""

_ANY = ".{0,200}?"
_FENCE = re.compile(r"^( *)```([^`\n]*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_CODE = ("envybox", "examples", "terraform", "docs/generate")
# What Google, Terraform and Telegram print or name, which is nowhere in this project.
ELSEWHERE = {
    "https://console.cloud.google.com",
    ".run.app",
    "ls",
    "cd",
    "/start",
    '"result":[]',
    '"error_code":401',
    "404",
    "Created version",
    "Apply complete!",
    "Unsupported Terraform Core version",
    "invalid authentication credentials",
    "terraform destroy",
}

_UNITS = {
    r"с|секунд\w*": r"s|seconds?",
    r"мин|минут\w*": r"minutes?",
    r"час\w*": r"hours?",
    r"дн|день|дня|дней": r"days?",
    r"лет": r"years?",
    r"КиБ": "KiB",
    r"пол\w+": "fields",
    r"попыт\w+|раз": "tries|attempts|times",
    r"доллар\w*": "US dollars?|USD",
}
_WORDS = {"one": "1", "two": "2", "three": "3", "five": "5", "ten": "10"}


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    """Return what each fenced block of a page is called, and its text, not indented."""
    for indent, name, body in _FENCE.findall(page.read_text("utf-8")):
        yield name, re.sub(rf"^{indent}", "", body, flags=re.MULTILINE)


def prose(text: str) -> str:
    """Return a page's text without its fenced blocks."""
    return _FENCE.sub("", text)


def spans(text: str) -> list[str]:
    """Return the code spans of a page."""
    return re.findall(r"`([^`\n]+)`", prose(text))


@cache
def corpus() -> str:
    """Return all English pages, the code, and its texts as they are printed; white space as one."""
    pages = [page for page in ROOT.glob("*.md") if not page.name.endswith(".ru.md")]
    pages += (ROOT / "docs").glob("*.md")
    texts = [(ROOT / "Makefile").read_text("utf-8")]
    for folder in _CODE:
        for file in sorted((ROOT / folder).rglob("*")):
            if ".build" in file.parts or ".terraform" in file.parts or file.name == "readme_ru.py":
                continue
            if file.suffix == ".py":
                texts += _printed(file.read_text("utf-8"))
            if file.suffix in {".py", ".tf", ".json", ".html", ".example", ".md", ".toml"}:
                pages.append(file)
    texts += [page.read_text("utf-8") for page in pages if not page.name.endswith(".ru.md")]
    text = "\n".join(texts).replace("<walkthrough-project-id/>", "my-project-123")
    return " ".join(text.split())


def _printed(code: str) -> Iterator[str]:
    """Return the texts in a module: pieces put together, `{}` where a value stands."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
            yield "".join(map(str, parts))


def is_said(text: str, in_: str) -> bool:
    """Return whether a text is there, word by word; `…` is what differs, or is left out.

    Values that the code fills in (numbers, Russian words) may differ too, and what is put
    together of two texts, `this: that`, may be said in two places.
    """
    if _is_there(text, in_):
        return True
    fixed = re.sub(r"\d+|[а-яёА-ЯЁ]+", "…", text)
    if fixed.strip("… ") and _is_there(fixed, in_):
        return True
    head, colon, tail = text.partition(": ")
    return bool(colon) and is_said(head, in_) and is_said(tail, in_)


def _is_there(text: str, in_: str) -> bool:
    parts = [part for part in (" ".join(part.split()) for part in text.split("…")) if part]
    if len(parts) < 2:
        return all(part in in_ for part in parts)
    return re.search(_ANY.join(map(re.escape, parts)), in_) is not None


def unknown(text: str, in_: str) -> list[str]:
    """Return the code spans of a page that are said nowhere else."""
    return [
        span
        for span in spans(text)
        if span not in ELSEWHERE and not (ROOT / span).exists() and not is_said(span, in_)
    ]


def unknown_lines(name: str, body: str, in_: str) -> list[str]:
    """Return the lines of a fenced block that stand nowhere else; a comment may be Russian."""
    if name == "python":
        return [] if " ".join(body.split()) in in_ else [body]
    lines = [re.sub(r"(^| +)# .*$", "", line).strip() for line in body.splitlines()]
    return [line for line in lines if not is_said(line, in_)]


def variables(text: str) -> set[str]:
    """Return the environment variables of ours that a page names."""
    return set(re.findall(r"\b(?:ENVYBOX|TELEGRAM|AMOCRM|BITRIX24)_[A-Z0-9_]+\b", text))


def figures(text: str) -> Iterator[tuple[str, str, str]]:
    """Return each figure with a unit, the sections on the law left out: as it stands, figure, unit.

    The figure is written as in English, the unit is a pattern of its English names.
    """
    sections = re.split(r"^(?=#+ )", prose(text), flags=re.MULTILINE)
    kept = "\n".join(one for one in sections if ABOUT_THE_LAW not in one.split("\n")[0].lower())
    number = r"(?<![\w./-])(\d+(?:[ \u00a0]\d{3})*(?:,\d+)?)"
    for russian, english in _UNITS.items():
        for whole in re.finditer(rf"{number}[ \u00a0](?:{russian})\b", kept):
            figure = re.sub(r"[ \u00a0]", "", whole[1]).replace(",", ".")
            yield whole[0], figure, english


def is_a_figure(figure: str, unit: str, in_: str) -> bool:
    """Return whether a figure with this unit stands in a text, in digits or in words."""
    words = [word for word, digits in _WORDS.items() if digits == figure]
    thousands = f"{int(figure):,}" if figure.isdecimal() else figure
    spelt = "|".join(map(re.escape, [figure, thousands, *words]))
    pattern = rf"(?<![\w.])(?:{spelt})[ -](?:of )?(?:{unit})\b"
    return re.search(pattern, in_, re.IGNORECASE) is not None


def links(text: str) -> list[str]:
    """Return what a page links to in the project."""
    return re.findall(r"\]\((?!https?:)([^)]+)\)", text)


def anchors(page: Path) -> set[str]:
    """Return a page's anchors as GitHub makes them of its headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead(links_: list[str], page: Path) -> list[str]:
    """Return the links that lead nowhere, or to English where there is Russian."""
    found = []
    twin = page.with_name(page.name.replace(".ru.md", ".md")).resolve()  # the page in English
    for link in links_:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            found.append(link)
        elif target.with_suffix(".ru.md").exists() and target != twin:
            found.append(f"{link}, which is there in Russian")
    return found
