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

# What was tried for most of a day, and not taken: it waits here, and is told of, since what passes is no ERROR.
resource "google_monitoring_alert_policy" "dead" {
  project               = var.project
  display_name          = "${local.full_name}: dead letters"
  combiner              = "OR"
  notification_channels = var.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = "There are dead letters"

    condition_threshold {
      filter = <<-EOT
        resource.type = "pubsub_subscription"
        AND resource.labels.subscription_id = "${google_pubsub_subscription.dead.name}"
        AND metric.type = "pubsub.googleapis.com/subscription/num_undelivered_messages"
      EOT

      comparison      = "COMPARISON_GT"
      threshold_value = 0
      duration        = "0s"

      aggregations {
        alignment_period   = "60s"
        per_series_aligner = "ALIGN_MAX"
      }
    }
  }

  documentation {
    content = "Events that were not taken after ${var.dead_letter_after} tries. They wait for 31 days. When the service takes them again: `envybox dead ${google_pubsub_subscription.dead.name} --retry` has them done; what others have done of them they pass by."
  }
}
