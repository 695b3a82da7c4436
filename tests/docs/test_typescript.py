from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from docs.generate.typescript import document

ROOT = Path(__file__).parents[2]
TYPESCRIPT = ROOT / "docs" / "event.d.ts"
EXAMPLES = ROOT / "envybox" / "examples.json"

GOOD = """
import type { EnvyboxEvent } from "./event";

export const examples: EnvyboxEvent[] = EXAMPLES;

export function told(event: EnvyboxEvent): string {
  switch (event.type) {
    case "call.info":
      const number: 2 = event.webhooktype;
      return `${number} ${event.call?.duration_seconds?.toFixed() ?? "?"} ${event.visitor.phone}`;
    case "lead.quiz":
      return event.page.site ?? "";
    default:
      return event.type;
  }
}

export function missed(event: EnvyboxEvent): boolean {
  return event.call?.state === "operator_no_answer" || event.call?.state === "voicemail";
}
"""

BAD = {
    "a part that may be null": "export const f = (e: EnvyboxEvent) => e.call.id;",
    "a field that there is not": "export const f = (e: EnvyboxEvent) => e.visitor.phones;",
    "a type that there is not": 'export const f = (e: EnvyboxEvent) => e.type === "call.ended";',
    "a number that is another's": """
export const f = (e: EnvyboxEvent) => e.type === "call.info" && e.webhooktype === 7;""",
    "another major version": "export const f = (e: EnvyboxEvent) => e.schema_version === 2;",
}


def test_document_is_true() -> None:
    """docs/event.d.ts is what the schema gives (`make docs`)."""
    assert document() == TYPESCRIPT.read_text("utf-8")


@pytest.fixture(scope="module")
def tsc() -> str:
    """TypeScript's compiler; skip, or fail where CI=true, on a machine that has none."""
    found = shutil.which("tsc")
    if found is None:
        told = "no `tsc` on the PATH: `npm install --global typescript`"
        if os.environ.get("CI") == "true":
            pytest.fail(told)
        pytest.skip(told)
    return found


def _compiled(tsc: str, folder: Path, program: str) -> str:
    """Return what the compiler says of a program that uses the types: nothing, or errors."""
    shutil.copy(TYPESCRIPT, folder)
    (folder / "program.ts").write_text(program, "utf-8")
    options = ["--noEmit", "--strict", "--target", "es2022", "--module", "preserve"]
    done = subprocess.run(
        [tsc, *options, "program.ts"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode == 0) == (done.stdout == ""), done.stderr
    return done.stdout


def test_compiles(tsc: str, tmp_path: Path) -> None:
    """The compiler takes the types, each example as one of them, and a program that uses them."""
    program = GOOD.replace("EXAMPLES", EXAMPLES.read_text("utf-8"))
    assert "" == _compiled(tsc, tmp_path, program)


@pytest.mark.parametrize("mistake", BAD)
def test_mistakes(tsc: str, tmp_path: Path, mistake: str) -> None:
    """The compiler finds what a subscriber may get wrong."""
    program = f'import type {{ EnvyboxEvent }} from "./event";\n{BAD[mistake]}'
    assert 1 == _compiled(tsc, tmp_path, program).count("error TS")
