# SPDX-License-Identifier: Apache-2.0

# Where alerts go: channels that there are, and one for each address.

locals {
  notification_channels = concat(var.notification_channels, [for address in sort(var.alert_emails) : google_monitoring_notification_channel.email[address].name])
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  project      = local.project
  display_name = "${var.name}: ${each.key}"
  type         = "email"
  user_labels  = local.labels

  labels = {
    email_address = each.key
  }
}
