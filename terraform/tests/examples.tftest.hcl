# SPDX-License-Identifier: Apache-2.0

# The examples, planned as they stand.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project = "demo-project"
}

run "minimal" {
  command = plan

  module {
    source = "./examples/minimal"
  }
}

run "crm_push" {
  command = plan

  module {
    source = "./examples/crm-push"
  }

  variables {
    envybox_keys = "shop=00000000000000000000000000000000"
  }
}

run "warehouse" {
  command = plan

  module {
    source = "./examples/warehouse"
  }

  assert {
    condition     = length(module.envybox.subscriptions) == 20
    error_message = "Every type must go to the warehouse and to the archive."
  }
}
