# SPDX-License-Identifier: Apache-2.0
"""Deploys the receiver with Terraform, for whoever does it once: `make preflight`, `make deploy`, `make undeploy`.

Read from `deploy` on: each step looks at what is there and does what is missing, so that a run after a failure, or after
an interruption, goes on, and a run after a success changes nothing. What it keeps beside the code: terraform.tfvars (the
settings, yours once it is there), backend.tf, and .build/. The state is in a bucket of the project, PROJECT-NAME-tfstate.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from pathlib import Path

import checks
import gcloud
import webhook
from gcloud import Failed, Stop

import terraform

import settings

STAYS = """\
What stays, and what removes it:
   the database {database}, with its events    gcloud firestore databases update --database='{database}' --no-delete-protection --project={project}
                                    then       gcloud firestore databases delete --database='{database}' --project={project}
   the bucket of Terraform's state             gcloud storage rm --recursive gs://{bucket}
   the bucket gcf-v2-sources-…, which Google made for the builds, and the APIs, which are on: others may use them
   terraform/terraform.tfvars and backend.tf in this folder"""


def main() -> int:
    """Run the command that was asked for; say in plain words what went wrong."""
    parser = argparse.ArgumentParser(prog="make")
    parser.add_argument("command", choices=["preflight", "deploy", "undeploy"])
    parser.add_argument("--project", default="")
    parser.add_argument("--region", default="")
    arguments = parser.parse_args()
    try:
        if not arguments.project:
            raise Stop(f"Which project? make {arguments.command} PROJECT=my-project-123")
        {"preflight": preflight, "deploy": deploy, "undeploy": undeploy}[arguments.command](
            arguments.project, arguments.region or "europe-west1"
        )
    except Stop as reason:
        print(f"\n{reason}", file=sys.stderr)
        return 1
    except Failed as failure:
        print(
            f"\ngcloud failed:\n{failure}\nMend that and run the same command again: it goes on from here.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. The same command goes on from here.", file=sys.stderr)
        return 130
    return 0


def preflight(project: str, region: str) -> None:
    """Look at all that would make a deployment fail; change nothing but terraform.tfvars, which is written."""
    command = terraform.find() or terraform.obtain()
    checks.run(_target(command, project, region))
    print(f"\nAll is well. Deploy: make deploy PROJECT={project}")


def deploy(project: str, region: str) -> None:
    """From nothing, or from wherever an earlier run got to, to a receiver that has stored its first webhook."""
    command = terraform.find() or terraform.obtain()
    target = _target(command, project, region)
    _enable(project)
    checks.run(target)

    bucket = _bucket(target)
    _make_bucket(bucket, target)
    runner = terraform.Terraform(command, project, gcloud.call("auth", "print-access-token"))
    runner.init(bucket, target.name)
    runner.apply(destroy=os.environ.get("DESTROY") == "yes")

    outputs = runner.outputs()
    if outputs["public_command"]:
        gcloud.call(*shlex.split(outputs["public_command"])[1:])
    _first_webhook(target, outputs)
    print(f"\n{outputs['next_steps']}")


def undeploy(project: str, region: str) -> None:
    """Remove all that was made, but what holds events; say what stays."""
    command = terraform.find() or terraform.obtain()
    target = _target(command, project, region)
    bucket = _bucket(target)
    stays = STAYS.format(project=project, bucket=bucket, database=target.database)
    if target.new:
        print(f"Nothing is deployed.\n{stays}")
        return
    print(
        f"This removes the receiver {target.name} from {project}: webhooks are no longer taken, undelivered messages are lost.\n{stays}"
    )
    if os.environ.get("YES") != project and _typed("Type the project's id to go on: ") != project:
        raise Stop("Nothing was removed.")
    runner = terraform.Terraform(command, project, gcloud.call("auth", "print-access-token"))
    runner.init(bucket, target.name)
    unprotected = ("-input=false", "-auto-approve", "-var=keys_delete_protection=false")
    protected = "google_secret_manager_secret.keys"
    if protected in runner.read("state", "list").splitlines():
        runner.run("apply", *unprotected, f"-target={protected}")
    runner.run("destroy", *unprotected)
    _marker(target).unlink(missing_ok=True)
    print(f"\nRemoved.\n{stays}")


def _typed(question: str) -> str:
    try:
        return input(question).strip()
    except EOFError:  # nobody is there to ask
        return ""


def _target(command: list[str], project: str, region: str) -> checks.Target:
    account = checks.login()
    settings.write(project, region, account)
    values = settings.load(command, project)
    target = checks.Target(account, project, values, new=True)
    target.new = not _has_state(_bucket(target), target.name)
    return target


def _enable(project: str) -> None:
    on = gcloud.call(
        "services", "list", "--enabled", f"--project={project}", "--format=value(config.name)"
    ).split()
    if missing := [service for service in checks.SERVICES if service not in on]:
        print(f"Turning on {', '.join(missing)}")
        gcloud.call("services", "enable", *missing, f"--project={project}")


def _bucket(target: checks.Target) -> str:
    return f"{target.project}-{target.name}-tfstate"


def _has_state(bucket: str, name: str) -> bool:
    try:
        state = gcloud.call("storage", "cat", f"gs://{bucket}/{name}/default.tfstate")
    except Failed:
        return False
    return bool(json.loads(state).get("resources"))


def _make_bucket(bucket: str, target: checks.Target) -> None:
    try:
        found = gcloud.read("storage", "buckets", "describe", f"gs://{bucket}")
    except Failed as error:
        if not error.not_found:
            raise Stop(
                f"The bucket {bucket}, for Terraform's state, is somebody else's or cannot be seen: {error}"
            ) from None
        print(f"Making the bucket {bucket}, for Terraform's state")
        gcloud.call(
            *("storage", "buckets", "create", f"gs://{bucket}", f"--project={target.project}"),
            *(
                f"--location={target.region}",
                "--uniform-bucket-level-access",
                "--public-access-prevention",
            ),
        )
        found = {}
    if not found.get("versioning_enabled"):
        gcloud.call("storage", "buckets", "update", f"gs://{bucket}", "--versioning")


def _marker(target: checks.Target) -> Path:
    return terraform.BUILD / f"tested-{target.project}-{target.name}"


def _first_webhook(target: checks.Target, outputs: dict[str, object]) -> None:
    marker = _marker(target)
    if marker.exists():
        return
    if outputs["subscriptions"]:
        print(
            "\nNo test webhook is sent: it would reach your subscribers, as a lead. The steps below say how to send one."
        )
        return
    key = webhook.key(str(outputs["secret"]), target.project)
    if key is None:
        print(
            "\nNo test webhook is sent: keys are set already. The steps below say how to send one."
        )
        return
    print(
        "\nSending a test webhook (nobody is subscribed, so it reaches no CRM); its key may take two minutes to work"
    )
    event_id = webhook.send(str(outputs["webhook_url"]), key)
    token = gcloud.call("auth", "print-access-token")
    event = webhook.stored(
        target.project, str(outputs["database"]), str(outputs["collection"]), event_id, token
    )
    print("Stored in Firestore:")
    for name, value in event.items():
        print(f"   {name:<14} {value}")
    marker.touch()


if __name__ == "__main__":
    sys.exit(main())
