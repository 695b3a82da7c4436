# SPDX-License-Identifier: Apache-2.0

# Whether the internet reaches webhook, in whichever of the two ways that Cloud Run has.

locals {
  is_public = !var.invoker_iam_check || contains(var.webhook_invokers, "allUsers")

  # google_cloudfunctions2_function cannot switch the check off. google_cloud_run_v2_service can (invoker_iam_disabled),
  # but would have to be built by its build_config (README.md, "Where allUsers is forbidden", says why it is not).
  public_command = var.invoker_iam_check ? null : "gcloud run services update ${google_cloudfunctions2_function.this["webhook"].name} --no-invoker-iam-check --region=${var.region} --project=${var.project}"
}
