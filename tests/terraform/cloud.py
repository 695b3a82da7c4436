"""A checkout, a project of Google's and the network, all stood in for: `make deploy` runs there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.terraform import workspace

STANDINS = Path(__file__).parent / "standins"
PROJECT = "demo-project"
ACCOUNT = "operator@example.com"
EVENT_ID = "0" * 32


class Deployment:
    """The stand-ins' state in a folder, and a server that is the receiver and Firestore."""

    def __init__(self, root: Path) -> None:
        self.configuration = workspace.copy(root / "checkout")
        self.folder = root / "standin"
        self.folder.mkdir()
        self.programs = root / "programs"
        self.programs.mkdir()
        for program in STANDINS.iterdir():
            # Started some thirty times a deployment, so without the site's packages.
            text = program.read_text().partition("\n")[2]
            (self.programs / program.name).write_text(f"#!{sys.executable} -IS\n{text}")
            (self.programs / program.name).chmod(0o755)
        self.environment: dict[str, str] = {}
        self.webhooks: list[dict[str, str]] = []
        self.write(
            id=PROJECT,
            account=ACCOUNT,
            lifecycle="ACTIVE",
            billing=True,
            roles=["roles/owner"],
            policies={},
            services=["logging.googleapis.com"],
            regions=["europe-west1", "europe-west4"],
            vcpus=20,
            taken=[],
            buckets={},
            versions=[],
            check=True,
            odd={},
        )
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def project(self) -> dict[str, Any]:
        """The project as it is now."""
        found: dict[str, Any] = json.loads((self.folder / "project.json").read_text())
        return found

    def write(self, **values: Any) -> None:
        """Change something in the project."""
        file = self.folder / "project.json"
        before = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps({**before, **values}))

    def calls(self) -> list[str]:
        """Return the commands that were run since the last look."""
        file = self.folder / "calls"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def settings(self, text: str) -> None:
        """Write terraform.tfvars, as the user does."""
        (self.configuration / "terraform.tfvars").write_text(f'project = "{PROJECT}"\n{text}\n')

    def make(self, command: str, project: str = PROJECT, **environment: str) -> tuple[int, str]:
        """Run a command; return its exit code and all that it printed."""
        address = f"127.0.0.1:{self._server.server_port}"
        # Without providers there is nothing to stand in for.
        console = shutil.which("terraform") or workspace.program("TERRAFORM", "terraform")[0]
        result = subprocess.run(
            [sys.executable, str(self.configuration / "deploy"), command, f"--project={project}"],
            env={
                **os.environ,
                "PATH": f"{self.programs}{os.pathsep}{os.environ['PATH']}",
                "PYTHONDONTWRITEBYTECODE": "1",
                "STANDIN": str(self.folder),
                "STANDIN_URL": f"http://{address}/",
                "FIRESTORE_EMULATOR_HOST": address,
                "TERRAFORM": str(self.programs / "tf"),
                "CONSOLE_TERRAFORM": console,
                "YES": PROJECT,
                **self.environment,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        return result.returncode, result.stdout + result.stderr

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._server.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        deployment = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                fields = dict(urllib.parse.parse_qsl(body))
                deployment.webhooks.append(fields)
                # A new key is not known at once.
                known = f"deploy-test={fields['key']}" in deployment.project["versions"]
                if known and len(deployment.webhooks) > 1:
                    self._answer(200, {"status": "published", "id": EVENT_ID})
                else:
                    self._answer(503, {"error": "not_configured"})

            def do_GET(self) -> None:
                path = f"/v1/projects/{PROJECT}/databases/envybox/documents/events/{EVENT_ID}"
                if self.path == path and self.headers["Authorization"] == "Bearer stand-in-token":
                    self._answer(200, {"fields": DOCUMENT})
                else:
                    self._answer(404, {})

            def log_message(self, *_: Any) -> None:
                pass

            def _answer(self, status: int, content: Any) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

        return Handler


DOCUMENT = {
    "id": {"stringValue": EVENT_ID},
    "type": {"stringValue": "call.result"},
    "received_at": {"timestampValue": "2026-11-22T06:46:00.123456Z"},
    "visitor": {"mapValue": {"fields": {"phone": {"stringValue": "+79000000000"}}}},
    "publish": {"mapValue": {"fields": {"state": {"stringValue": "published"}}}},
}
