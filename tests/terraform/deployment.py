"""Makes tests/gateway/deployment.json from an applied run of the configuration.

    python -m tests.terraform.deployment

Run it when the database, its indexes or the grants change: a test says when.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.gateway.deployment import FILE, PROJECT
from tests.terraform import workspace

RUN = ("gateway.tftest.hcl", "apply")
_DATABASE = re.compile(r'resource\.name == "(projects/[^/"]+/databases/[^/"]+)"')


def of(resources: list[dict[str, Any]]) -> str:
    """Return the file's text, from the resources of an applied run."""

    def values(address: str) -> list[dict[str, Any]]:
        return [one["values"] for one in resources if f"{one['type']}.{one['name']}" == address]

    (database,) = values("google_firestore_database.this")
    fields = [
        *values("google_firestore_field.unindexed"),
        *values("google_firestore_field.expire_at"),
    ]
    indexes = values("google_firestore_index.this")
    (collection,) = {one["collection"] for one in (*fields, *indexes)}
    accounts = {
        one["index"]: one["values"]["member"]
        for one in resources
        if one["type"] == "google_service_account" and one["index"] in ("webhook", "recover")
    }
    assert len(set(accounts.values())) == 2, "members must tell the accounts apart"
    grants = values("google_project_iam_member.this")
    publishers = values("google_pubsub_topic_iam_member.publisher")
    deployment = {
        "database": f"projects/{PROJECT}/databases/{database['name']}",
        "collection": collection,
        "accounts": {
            account: {
                "databases": sorted(
                    _DATABASE.fullmatch(condition["expression"])[1]  # type: ignore[index] # else it fails
                    for grant in grants
                    if (grant["member"], grant["role"]) == (member, "roles/datastore.user")
                    for condition in grant["condition"]
                ),
                "topics": sorted(
                    f"projects/{PROJECT}/topics/{grant['topic']}"
                    for grant in publishers
                    if (grant["member"], grant["role"]) == (member, "roles/pubsub.publisher")
                ),
            }
            for account, member in sorted(accounts.items())
        },
        "indexes": sorted(
            [[field["field_path"], field["order"]] for field in index["fields"]]
            for index in indexes
            if index["query_scope"] == "COLLECTION"
        ),
        "unindexed": sorted(
            one["field"] for one in fields if not one["index_config"][0]["indexes"]
        ),
    }
    return json.dumps(deployment, indent=1) + "\n"


def main() -> None:
    """Apply, with mocked providers, and write the file."""
    with tempfile.TemporaryDirectory() as folder:
        configuration = workspace.initialized(Path(folder), workspace.PROVIDER_MAJORS[-1])
        run = workspace.TestRun(configuration, f"-filter=tests/{RUN[0]}")
        run.finish()
        FILE.write_text(of(run.resources(*RUN)))
    sys.stdout.write(f"{FILE} written\n")


if __name__ == "__main__":
    main()
