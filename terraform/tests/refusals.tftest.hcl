# SPDX-License-Identifier: Apache-2.0

# Values that cannot work are refused before anything is made. One wrong value a variable here; every rule, and the words
# of its message, in tests/terraform. (A rule that looks at a second variable is not tried where that one is wrong.)

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

run "a_wrong_value_for_each" {
  command = plan

  variables {
    project                 = "123456789012"
    region                  = "europe-west1-b"
    name                    = "a-name-of-more-than-twenty"
    topic_prefix            = "goog-"
    labels                  = { Team = "sales" }
    keys_version            = 2
    webhook_invokers        = ["operator@example.com"]
    timezone                = "+03:00"
    phone_region            = "Russia"
    retention_days          = 0.5
    dedup_hours             = 10000
    recover_after_seconds   = -1
    message_storage_regions = []
    topic_retention         = "7d"
    webhook                 = { cpu = 0.5 }
    recover                 = { timeout_seconds = 30 }
    database                = { name = "Envybox" }
    notification_channels   = ["operator@example.com"]
    alerts                  = { off = ["pendings"] }
    uptime_check            = "30s"
    alert_emails            = ["operator"]
    budget                  = { amount = 0.5 }
  }

  expect_failures = [
    var.project, var.region, var.name, var.topic_prefix, var.labels, var.keys_version, var.webhook_invokers, var.timezone,
    var.phone_region, var.retention_days, var.dedup_hours, var.recover_after_seconds,
    var.message_storage_regions, var.topic_retention, var.webhook, var.recover, var.database,
    var.notification_channels, var.alerts, var.uptime_check, var.alert_emails, var.budget,
  ]
}

run "a_region_that_builds_nothing" {
  command = plan

  variables {
    project = "demo-project"
    region  = "europe-north9"
  }

  expect_failures = [check.region]
}

run "a_wrong_value_for_those_that_look_at_others" {
  command = plan

  variables {
    project          = "demo-project"
    recover_schedule = "*/10 * * * *"
    kms_key          = "key"
    subscriptions    = { source = { types = ["call.result"], cloud_storage = {} } }
  }

  expect_failures = [var.recover_schedule, var.kms_key, var.subscriptions]
}
