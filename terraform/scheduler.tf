# SPDX-License-Identifier: Apache-2.0

# Calls recover on schedule.

resource "google_cloud_scheduler_job" "recover" {
  project     = local.project
  region      = var.region
  name        = "${var.name}-recover"
  description = "Publishes events that are still pending"
  schedule    = var.recover_schedule
  time_zone   = "Etc/UTC"

  # As long as the function may take; the next run comes soon enough, so a failed one is not repeated.
  attempt_deadline = "${var.recover.timeout_seconds}s"

  retry_config {
    retry_count = 0
  }

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.this["recover"].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.this["scheduler"].email
      audience              = google_cloudfunctions2_function.this["recover"].service_config[0].uri
    }
  }

  depends_on = [google_cloud_run_v2_service_iam_member.recover]
}
