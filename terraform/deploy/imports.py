# SPDX-License-Identifier: Apache-2.0
"""Makes import blocks of a plan, for a state that was lost: docs/terraform-state.md.

Read: the plan as `terraform show -json` writes it. Written: a block for each resource that is to be made and whose id
is made of its settings. The forms of the ids are those of the provider's documentation, "Import".
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

VERSIONED = "google_secret_manager_secret"
# Type => its import id, of its own arguments.
IDS = {
    "google_artifact_registry_repository": "projects/{project}/locations/{location}/repositories/{repository_id}",
    "google_bigquery_dataset": "projects/{project}/datasets/{dataset_id}",
    "google_bigquery_table": "projects/{project}/datasets/{dataset_id}/tables/{table_id}",
    "google_cloud_scheduler_job": "projects/{project}/locations/{region}/jobs/{name}",
    "google_cloudfunctions2_function": "projects/{project}/locations/{location}/functions/{name}",
    "google_firestore_database": "projects/{project}/databases/{name}",
    "google_firestore_field": "projects/{project}/databases/{database}/collectionGroups/{collection}/fields/{field}",
    "google_logging_metric": "{project} {name}",
    "google_project_service": "{project}/{service}",
    "google_pubsub_subscription": "projects/{project}/subscriptions/{name}",
    "google_pubsub_topic": "projects/{project}/topics/{name}",
    VERSIONED: "projects/{project}/secrets/{secret_id}",
    "google_service_account": "projects/{project}/serviceAccounts/{account_id}@{project}.iam.gserviceaccount.com",
    "google_storage_bucket": "{project}/{name}",
}


def blocks(plan: dict[str, Any]) -> str:
    """Return the import blocks of what a plan makes."""
    made = {
        change["address"]: (change["type"], change["change"]["after"])
        for change in plan["resource_changes"]
        if change["change"]["actions"] == ["create"]
    }
    found = {
        address: IDS[kind].format_map(values)
        for address, (kind, values) in made.items()
        if kind in IDS
    }
    # A version names its secret by an id that is not known yet where the secret is to be made too.
    secrets = [found[address] for address in found if made[address][0] == VERSIONED]
    for address, (kind, values) in made.items():
        if kind == f"{VERSIONED}_version":
            found[address] = f"{values.get('secret') or secrets[0]}/versions/1"
    return "\n".join(
        f"import {{\n  to = {address}\n  id = {json.dumps(id_)}\n}}\n"
        for address, id_ in found.items()
    )


if __name__ == "__main__":
    try:
        (file,) = sys.argv[1:]
        plan = json.loads(Path(file).read_text())
        plan["resource_changes"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        sys.exit(
            f"Name one file, which `terraform show -json PLAN > FILE` wrote ({error}): docs/terraform-state.md."
        )
    sys.stdout.write(blocks(plan))
