"""The strict gateway stands for what the configuration makes today."""

from __future__ import annotations

import pytest

from tests.gateway.deployment import FILE
from tests.terraform import deployment, workspace


@pytest.mark.parametrize("major", workspace.PROVIDER_MAJORS)
def test_the_gateway_knows_the_deployment_of_the_day(
    test_runs: dict[str, workspace.TestRun], major: str
) -> None:
    """tests/gateway/deployment.json is what `python -m tests.terraform.deployment` makes."""
    assert deployment.of(test_runs[major].resources(*deployment.RUN)) == FILE.read_text()
