# SPDX-License-Identifier: Apache-2.0

# Asks the webhook's URL from several continents: a GET is answered 200 and touches nothing.

resource "google_monitoring_uptime_check_config" "webhook" {
  count = var.uptime_check == "off" ? 0 : 1

  project      = local.project
  display_name = "${var.name}: webhook"
  period       = var.uptime_check
  timeout      = "10s" # a cold start is no outage
  user_labels  = local.labels

  http_check {
    path           = "/"
    port           = 443
    use_ssl        = true
    validate_ssl   = true
    request_method = "GET"

    accepted_response_status_codes {
      status_class = "STATUS_CLASS_2XX"
    }
  }

  monitored_resource {
    type = "uptime_url"
    labels = {
      project_id = local.project
      host       = trimprefix(google_cloudfunctions2_function.this["webhook"].service_config[0].uri, "https://")
    }
  }

  lifecycle {
    precondition {
      condition     = local.is_public
      error_message = "The uptime check calls the webhook without an identity, and webhook_invokers lacks allUsers: set uptime_check = \"off\", or invoker_iam_check = false where Cloud Run's check of callers is switched off."
    }
  }
}
