# SPDX-License-Identifier: Apache-2.0

# A budget of the project, told of by mail at 50, 90 and 100 % of a month's amount. It stops nothing.

data "google_project" "this" {
  count = var.budget == null ? 0 : 1

  project_id = local.project
}

resource "google_billing_budget" "this" {
  count = var.budget == null ? 0 : 1

  billing_account = coalesce(var.budget.billing_account, data.google_project.this[0].billing_account)
  display_name    = "${var.name} (${var.project})"

  budget_filter {
    projects = ["projects/${data.google_project.this[0].number}"]
  }

  amount {
    specified_amount {
      units = tostring(var.budget.amount) # of the billing account's currency
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]

    content {
      threshold_percent = threshold_rules.value
    }
  }

  dynamic "all_updates_rule" {
    # Without channels Google writes to the billing account's administrators alone.
    for_each = length(local.notification_channels) > 0 ? [1] : []

    content {
      monitoring_notification_channels = slice(local.notification_channels, 0, min(5, length(local.notification_channels))) # five are the most
    }
  }
}
