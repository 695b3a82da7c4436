# SPDX-License-Identifier: Apache-2.0

# The account whose token a push carries, where the user names none: a receiver of pushes can check that it is this one.

locals {
  # Not the account of the spool: a token that a third party sees must be of no use for recover.
  push_account_needed = anytrue([
    for settings in values(var.subscriptions) : try(settings.push.authenticated && settings.push.service_account_email == null, false)
  ])
}

resource "google_service_account" "push" {
  count = local.push_account_needed ? 1 : 0

  project      = local.project
  account_id   = "${var.name}-push"
  display_name = "${var.name}: push"
  description  = "Signs the pushes of subscriptions"
}

# As in spool.tf: projects made before April 2021 need it.
resource "google_service_account_iam_member" "push_token" {
  count = local.push_account_needed ? 1 : 0

  service_account_id = google_service_account.push[0].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}
