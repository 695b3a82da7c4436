# SPDX-License-Identifier: Apache-2.0

# An account for each role, none of them the project's default one, and what each may do in the project.
# Grants on one resource alone stand beside that resource.

locals {
  accounts = {
    webhook   = "Receives webhooks: writes events, publishes them, reads the key"
    recover   = "Publishes what is pending, drains the spool"
    build     = "Builds the functions' image"
    scheduler = "Calls recover on schedule"
    spool     = "Pub/Sub's pushes of the spool to recover"
  }
}

resource "google_service_account" "this" {
  for_each = local.accounts

  project      = local.project
  account_id   = "${var.name}-${each.key}"
  display_name = "${var.name}: ${each.key}"
  description  = each.value
}

locals {
  # Every grant on the project, in one place: there is no other.
  project_grants = {
    # Firestore has no grants of its own; the condition narrows the role to the one database.
    webhook_datastore = { account = "webhook", role = "roles/datastore.user", database_only = true }
    recover_datastore = { account = "recover", role = "roles/datastore.user", database_only = true }

    # What Google's page on a function's build account asks for. Its third role, artifactregistry.writer, is
    # granted on the one repository (source.tf). The sources' bucket (gcf-v2-sources-…) is made by the first
    # deployment, so a grant on it alone would come too late.
    build_logs    = { account = "build", role = "roles/logging.logWriter", database_only = false }
    build_sources = { account = "build", role = "roles/storage.objectViewer", database_only = false }
  }
}

resource "google_project_iam_member" "this" {
  for_each = local.project_grants

  project = local.project
  role    = each.value.role
  member  = google_service_account.this[each.value.account].member

  dynamic "condition" {
    for_each = each.value.database_only ? [1] : []

    content {
      title       = "${var.name}-database-only"
      description = "The database ${local.database} alone"
      expression  = "resource.name == \"projects/${var.project}/databases/${local.database}\""
    }
  }
}
