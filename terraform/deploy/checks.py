# SPDX-License-Identifier: Apache-2.0
"""What would make an apply fail half-way, looked at before it. Nothing is changed here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gcloud
from gcloud import Failed, Stop

# Asked for by the checks themselves; Terraform enables all the rest.
SERVICES = (
    "cloudresourcemanager.googleapis.com",
    "serviceusage.googleapis.com",
    "cloudfunctions.googleapis.com",
    "firestore.googleapis.com",
    "cloudquotas.googleapis.com",
)

ASK_FOR_ALLUSERS = """\
The organization's policy iam.allowedPolicyMemberDomains forbids a grant to allUsers, and Envybox has no Google identity.
   Add this line to terraform/terraform.tfvars and run the same command again; the function checks the key all the same:
       invoker_iam_check = false
   Or ask your Organization Policy Administrator; the text to send is in terraform/README.md, "Where allUsers is forbidden"."""


class Refused(Exception):
    """It would fail; the text says what to do."""


class Unknown(Exception):
    """It could not be looked at; the text says why. Not a reason to stop."""


@dataclass
class Target:
    """What is to be deployed: the login, and the settings with their defaults filled in."""

    account: str
    project: str
    settings: dict[str, Any]
    new: bool
    """Nothing of it is in Terraform's state yet."""

    @property
    def region(self) -> str:
        """The region of all of it."""
        return str(self.settings["region"])

    @property
    def name(self) -> str:
        """The first part of every name."""
        return str(self.settings["name"])

    @property
    def database(self) -> str:
        """The Firestore database's name."""
        return str(self.settings["database"]["name"] or self.name)


def login() -> str:
    """Return the account that gcloud is logged in with."""
    account = gcloud.call("auth", "list", "--filter=status:ACTIVE", "--format=value(account)")
    if not account:
        raise Stop("gcloud is not logged in. Run: gcloud auth login")
    return account.splitlines()[0]


def project(target: Target) -> None:
    """The project is there, in use, and seen by this login."""
    try:
        found = gcloud.read("projects", "describe", target.project)
    except Failed:
        raise Refused(
            f"There is no project {target.project}, or {target.account} may not see it. `gcloud projects list` shows yours; "
            "another login: gcloud auth login"
        ) from None
    if found["lifecycleState"] != "ACTIVE":
        raise Refused(
            f"The project is being deleted. To have it back: gcloud projects undelete {target.project}"
        )


def billing(target: Target) -> None:
    """Google serves functions to projects with billing alone."""
    if not gcloud.read("billing", "projects", "describe", target.project).get("billingEnabled"):
        raise Refused(
            "The project has no billing account. Link one: "
            f"https://console.cloud.google.com/billing/linkedaccount?project={target.project}"
        )


def rights(target: Target) -> None:
    """The login is the project's owner, or at least may set grants."""
    try:
        policy = gcloud.read("projects", "get-iam-policy", target.project)
    except Failed as error:
        if error.service_disabled:
            raise
        raise Refused(
            f"{target.account} may not see the project's grants, let alone make some. Ask the project's owner to run: "
            f"gcloud projects add-iam-policy-binding {target.project} --member=user:{target.account} --role=roles/owner"
        ) from None
    roles = {
        binding["role"]
        for binding in policy.get("bindings", [])
        if any(member.endswith(f":{target.account}") for member in binding["members"])
    }
    if "roles/owner" not in roles:
        raise Unknown(
            f"{target.account} is not named as the project's owner (it may be so by a group or a folder): if the apply is "
            'refused for want of a permission, that is why. terraform/README.md, "Use it", lists the roles.'
        )


def public(target: Target) -> None:
    """A policy that forbids allUsers has been taken into account."""
    if (
        not target.settings["invoker_iam_check"]
        or "allUsers" not in target.settings["webhook_invokers"]
    ):
        return
    rule = _policy("iam.allowedPolicyMemberDomains", target)
    if rule.get("allowedValues") or rule.get("deniedValues") or rule.get("allValues") == "DENY":
        raise Refused(ASK_FOR_ALLUSERS)


def customer_key(target: Target) -> None:
    """A policy that asks for a customer's key has been taken into account."""
    denied = _policy("gcp.restrictNonCmekServices", target).get("deniedValues")
    if denied and not target.settings["kms_key"]:
        raise Refused(
            f"The organization's policy gcp.restrictNonCmekServices asks for a key of yours for {', '.join(sorted(denied))}. "
            'Make one in Cloud KMS, in the same region, and name it in terraform/terraform.tfvars: kms_key = "projects/…"'
        )


def _policy(constraint: str, target: Target) -> dict[str, Any]:
    answer = gcloud.read(
        "resource-manager",
        "org-policies",
        "describe",
        constraint,
        f"--project={target.project}",
        "--effective",
    )
    rule: dict[str, Any] = (answer or {}).get("listPolicy", {})
    return rule


def region(target: Target) -> None:
    """Functions and Firestore are offered in the region."""
    for what, command, wanted in (
        ("Cloud Functions", ("functions", "regions"), target.region),
        (
            "Firestore",
            ("firestore", "locations"),
            target.settings["database"]["location"] or target.region,
        ),
    ):
        listed = gcloud.read(*command, "list", f"--project={target.project}")
        if wanted not in {item.get("locationId") or item["name"].split("/")[-1] for item in listed}:
            raise Refused(
                f"{what} is not offered in {wanted}. Take another region, such as europe-west1."
            )


def quota(target: Target) -> None:
    """All instances together keep within the region's vCPUs."""
    sizes = [target.settings[function] for function in ("webhook", "recover")]
    wanted = sum(size["max_instances"] * size["cpu"] for size in sizes)
    info = gcloud.read(
        *("quotas", "info", "describe", "CpuAllocPerProjectRegion"),
        *("--service=run.googleapis.com", f"--project={target.project}"),
    )
    for dimension in info.get("dimensionsInfos", []):
        if target.region in dimension.get("applicableLocations", []):
            allowed = int(dimension["details"]["value"]) / 1000  # it is told in thousandths
            if 0 <= allowed < wanted:
                raise Refused(
                    f"The instances may take {wanted:g} vCPUs, and the project's quota in {target.region} is {allowed:g}. Set "
                    f"webhook = {{ max_instances = {max(1, int(allowed) - 3)} }} in terraform/terraform.tfvars, or have the quota "
                    '"Total CPU allocation" of Cloud Run raised.'
                )
            return
    raise Unknown(f"The quota of vCPUs in {target.region} is not told.")


def names(target: Target) -> None:
    """What is to be made is not there already, made by hand or under a state that is lost."""
    if not target.new:
        return
    in_project = f"--project={target.project}"
    if target.settings["database"]["create"] and _exists(
        "firestore", "databases", "describe", f"--database={target.database}", in_project
    ):
        raise Refused(
            f"The Firestore database {target.database} exists already; `make undeploy` leaves it, with its events. To go on "
            "with it, add this line to terraform/terraform.tfvars: database = { create = false }. If the rest is there too, "
            "Terraform's state was lost: docs/terraform-state.md."
        )
    for what, command in (
        (f"secret {target.name}-keys", ("secrets", "describe", f"{target.name}-keys")),
        (
            f"function {target.name}-webhook",
            ("functions", "describe", f"{target.name}-webhook", f"--region={target.region}"),
        ),
    ):
        if _exists(*command, in_project):
            raise Refused(
                f"The {what} exists already, and Terraform's state does not know it. Is another receiver in the project? Take "
                'another name in terraform/terraform.tfvars: name = "leads". Was the state lost? docs/terraform-state.md.'
            )


def _exists(*command: str) -> bool:
    try:
        gcloud.call(*command, "--format=value(name)")
    except Failed as error:
        if error.not_found or error.service_disabled:
            return False
        raise
    return True


CHECKS: dict[str, Callable[[Target], None]] = {
    "project": project,
    "billing": billing,
    "rights": rights,
    "public access": public,
    "customer's key": customer_key,
    "region": region,
    "quota of vCPUs": quota,
    "names": names,
}


def run(target: Target) -> None:
    """Run all checks, tell of each, and stop if one of them says that it would fail."""
    refused = 0
    for name, check in CHECKS.items():
        try:
            check(target)
        except Refused as problem:
            refused += 1
            print(f"✗  {name}: {problem}")
        except (Unknown, Failed) as problem:
            disabled = isinstance(problem, Failed) and problem.service_disabled
            text = (
                "not known before its API is on, which make deploy sees to"
                if disabled
                else str(problem)
            )
            print(f"?  {name}: {text}")
        else:
            print(f"✓  {name}")
    if refused:
        raise Stop(f"{refused} thing{'s' * (refused > 1)} to mend (✗ above). Nothing was deployed.")
