"""What Terraform makes, as far as a call can meet it: database, indexes, grants.

`deployment.json` is made from an applied run of the configuration itself
(`python -m tests.terraform.deployment`), and a test holds it against the configuration of the
day: it needs Terraform, which those who only use the gateway need not have.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("deployment.json")
PROJECT = "demo-project"
"""The file's project; `load` puts another one in its place."""


class Account(msgspec.Struct, frozen=True):
    """What a service account may do: the databases it may use, the topics to publish to.

    A person has `roles` on the project instead; Terraform makes none.
    """

    databases: frozenset[str] = frozenset()
    topics: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()


class Deployment(msgspec.Struct, frozen=True):
    """A deployment: full names of its database and topics, and what is indexed.

    `indexes` are the composite ones, each a list of (field, direction); `unindexed` are the
    fields that are exempt from indexing, with all below them.
    """

    database: str
    collection: str
    accounts: dict[str, Account]
    indexes: tuple[tuple[tuple[str, str], ...], ...]
    unindexed: tuple[str, ...]

    @property
    def database_id(self) -> str:
        """The last part of the database's name."""
        return self.database.rpartition("/")[2]

    def is_unindexed(self, path: str) -> bool:
        """Whether a field is exempt from indexing, by itself or by what it is in."""
        return any(path == exempt or path.startswith(exempt + ".") for exempt in self.unindexed)


def load(project: str) -> Deployment:
    """Return the deployment, in this project."""
    text = FILE.read_text().replace(f"projects/{PROJECT}/", f"projects/{project}/")
    return msgspec.json.decode(text, type=Deployment)
