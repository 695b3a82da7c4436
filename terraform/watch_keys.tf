# SPDX-License-Identifier: Apache-2.0

# Reads of the keys by anybody but the function, where the user wants them watched: Google writes them into the audit log
# only if it is told to.

resource "google_project_iam_audit_config" "keys" {
  count = var.watch_keys ? 1 : 0

  project = local.project
  service = "secretmanager.googleapis.com"

  audit_log_config {
    log_type = "DATA_READ"
  }
}

locals {
  log_of_reads = join(" AND ", [
    "protoPayload.serviceName=\"secretmanager.googleapis.com\"",
    "protoPayload.methodName:\"AccessSecretVersion\"",
    "protoPayload.resourceName:\"/secrets/${google_secret_manager_secret.keys.secret_id}/\"",
    "NOT protoPayload.authenticationInfo.principalEmail=\"${google_service_account.this["webhook"].email}\"",
  ])
}
