# An error in its log is for a person: an event that the other side will never take (it is answered 2xx, so that it
# does not come again), credentials that do not work, a defect.

resource "google_monitoring_alert_policy" "errors" {
  project               = var.project
  display_name          = "${local.full_name}: errors"
  combiner              = "OR"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = "An ERROR in the log"

    condition_matched_log {
      filter = <<-EOT
        resource.type = "cloud_run_revision"
        resource.labels.service_name = "${local.full_name}"
        severity >= ERROR
      EOT
    }
  }

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "900s"
    }
  }

  documentation {
    content = "The line says what is wrong. After `refused for good` the event is not tried again: its document is in Firestore, `event_id` is its name. After `denied` it is tried until it is a dead letter, in the subscription ${google_pubsub_subscription.dead.name}: mend what is denied before."
  }
}
