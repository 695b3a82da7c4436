# SPDX-License-Identifier: Apache-2.0

# The deployment for which the tests' strict gateway stands (tests/gateway/deployment.json is made of it): a database
# with a name of its own, and a hyphen in it.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

run "apply" {
  command = apply

  variables {
    project  = "demo-project"
    database = { name = "envybox-eu" }

    # `terraform test` cannot apply with an ephemeral variable that is left at its default.
    keys = ""
  }
}
