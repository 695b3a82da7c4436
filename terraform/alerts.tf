# SPDX-License-Identifier: Apache-2.0

# What is watched, as PromQL queries that are true when something is wrong, and the policies made of them. Each alert's
# text is its section of docs/runbook.md (runbook.tf).

locals {
  # Label matchers, as queries use them. The project is named, as a metrics scope may hold others' metrics of the same
  # names. In a pattern [.] stands for itself: topic_prefix may hold it.
  of_run       = "project_id=\"${var.project}\",monitored_resource=\"cloud_run_revision\""
  of_pubsub    = "project_id=\"${var.project}\",monitored_resource=\"pubsub_subscription\""
  of_service   = { for name in keys(local.functions) : name => "${local.of_run},service_name=\"${var.name}-${name}\"" }
  of_log       = local.of_run
  of_spool     = "${local.of_pubsub},subscription_id=\"${local.spool_topic}\""
  of_dead      = "${local.of_pubsub},subscription_id=~\"${join("|", concat(["${local.prefix_pattern}spool-dead"], [for name in keys(local.dead_letters) : "${local.prefix_pattern}${name}-dead"]))}\""
  of_consumers = "${local.of_pubsub},subscription_id=~\"${join("|", [for key in keys(local.subscriptions) : "${local.prefix_pattern}${key}"])}\""
  of_accepted  = "${local.of_log},status=~\"published|stored|spooled|duplicate\""
  of_refused   = "${local.of_log},status=~\"invalid_key|malformed|too_large|too_slow|unsupported_media_type\""

  prefix_pattern = replace(local.prefix, ".", "[.]")

  # A window must hold more than one of the values that it looks for: of recover one a run, of the uptime check one a period.
  recover_window = "${max(5, floor(var.alerts.recover_silent_minutes / 2))}m"
  uptime_window  = "${max(600, 2 * tonumber(trimsuffix(var.uptime_check == "off" ? "300s" : var.uptime_check, "s")))}s"

  alerts = {
    webhook_errors = {
      title    = "The webhook answers 5xx or 429"
      severity = "CRITICAL"
      duration = "0s" # Envybox may never send it again: each one counts
      query    = "sum(increase(run_googleapis_com:request_count{${local.of_service.webhook},response_code=~\"429|5..\"}[5m])) > ${var.alerts.webhook_errors}"
    }
    unreachable = {
      title    = "The webhook's URL does not answer"
      severity = "CRITICAL"
      duration = "0s"
      query    = "avg(avg_over_time(monitoring_googleapis_com:uptime_check_check_passed{project_id=\"${var.project}\",monitored_resource=\"uptime_url\",check_id=\"${try(google_monitoring_uptime_check_config.webhook[0].uptime_check_id, "")}\"}[${local.uptime_window}])) < 0.5"
    }
    pending = {
      title    = "Events are stored but not published"
      severity = "ERROR"
      duration = "0s"
      query    = "sum(increase(${local.metric.oldest_pending}_sum{${local.of_log}}[${local.recover_window}])) / sum(increase(${local.metric.oldest_pending}_count{${local.of_log}}[${local.recover_window}])) > ${var.alerts.pending_minutes * 60}"
    }
    spool = {
      title    = "Webhooks stay in the spool"
      severity = "ERROR"
      duration = "0s"
      query    = "max(pubsub_googleapis_com:subscription_oldest_unacked_message_age{${local.of_spool}}) > ${var.alerts.spool_minutes * 60}"
    }
    dead_letters = {
      title    = "There are dead letters"
      severity = "ERROR"
      duration = "0s"
      # The log tells at once of what recover buries, Pub/Sub's own figure minutes later, of all that is there.
      query = join(" or ", [
        "sum(increase(${local.metric.recoveries}{${local.of_log},status=\"dead_lettered\"}[5m])) > 0",
        "sum by (subscription_id) (pubsub_googleapis_com:subscription_num_undelivered_messages{${local.of_dead}}) > 0",
      ])
    }
    refused = {
      title    = "Webhooks are refused"
      severity = "WARNING"
      duration = "0s"
      # One is enough where it is a lead: its body names webhooktype, or is larger than a scanner's. The rest, which may
      # be scanners of the internet without a key, count by their number.
      query = join(" or ", [
        "sum(increase(${local.metric.webhooks}{${local.of_refused},from_envybox=\"true\"}[10m])) > 0",
        "sum(increase(${local.metric.webhooks}{${local.of_log},status=\"too_large\"}[10m])) > 0",
        "sum(increase(${local.metric.webhooks}{${local.of_refused}}[1h])) > ${var.alerts.refused}",
      ])
    }
    recover = {
      title    = "recover does not succeed"
      severity = "ERROR"
      duration = "300s"
      query    = "(sum(increase(${local.metric.recoveries}{${local.of_log},status=\"recovered\"}[${var.alerts.recover_silent_minutes}m])) or vector(0)) < 1"
    }
    latency = {
      title    = "The webhook answers slowly"
      severity = "WARNING"
      duration = "300s"
      # With fewer than 20 requests in a window one cold start would be the 95th percentile. So many come within minutes
      # to some and within hours to others.
      query = join(" or ", [
        for window in ["10m", "6h"] :
        "(histogram_quantile(0.95, sum by (le) (increase(${local.metric.latency}_bucket{${local.of_log}}[${window}]))) > ${var.alerts.latency_ms / 1000} and sum(increase(${local.metric.latency}_count{${local.of_log}}[${window}])) > 20)"
      ])
    }
    backlog = {
      title    = "A subscriber falls behind"
      severity = "WARNING"
      duration = "0s"
      query    = "max by (subscription_id) (pubsub_googleapis_com:subscription_oldest_unacked_message_age{${local.of_consumers}}) > ${var.alerts.backlog_minutes * 60}"
    }
    no_traffic = {
      title    = "No webhook came for a long time"
      severity = "WARNING"
      duration = "0s"
      # Silence counts from when recover first ran: a receiver that is new has had no time to be given a webhook.
      query = "(sum(increase(${local.metric.webhooks}{${local.of_accepted}}[${coalesce(var.alerts.no_traffic_hours, 1)}h])) or vector(0)) < 1 and sum(increase(${local.metric.recoveries}{${local.of_log}}[${local.recover_window}] offset ${coalesce(var.alerts.no_traffic_hours, 1)}h)) > 0"
    }
    keys_read = {
      title    = "Somebody read the keys"
      severity = "WARNING"
      duration = "0s"
      query    = "sum(increase(${local.metric.keys_read}{project_id=\"${var.project}\"}[10m])) > 0"
    }
    errors = {
      title    = "A function logs an error"
      severity = "WARNING"
      duration = "0s"
      query    = "sum(increase(${local.metric.errors}{${local.of_log}}[10m])) > 0"
    }
  }

  # Left out: what was turned off, and what there is nothing to watch for.
  alerts_off = setunion(
    var.alerts.off,
    var.uptime_check == "off" ? ["unreachable"] : [],
    var.watch_keys ? [] : ["keys_read"],
    length(local.subscriptions) == 0 ? ["backlog"] : [],
    var.alerts.no_traffic_hours == null ? ["no_traffic"] : [],
  )
}

resource "google_monitoring_alert_policy" "this" {
  for_each = { for key, alert in local.alerts : key => alert if !contains(local.alerts_off, key) }

  project               = local.project
  display_name          = "${var.name}: ${each.value.title}"
  severity              = each.value.severity
  combiner              = "OR"
  notification_channels = local.notification_channels
  user_labels           = local.labels

  conditions {
    display_name = each.value.title

    condition_prometheus_query_language {
      query               = each.value.query
      duration            = each.value.duration
      evaluation_interval = "60s"

      # A new log-based metric is unknown to Cloud Monitoring for up to ten minutes, and without this the policy that
      # names it is refused.
      disable_metric_validation = true
    }
  }

  alert_strategy {
    auto_close = "86400s" # an incident whose metric went silent is closed after a day
  }

  documentation {
    subject   = "${var.name} (${var.project}): ${each.value.title}"
    mime_type = "text/markdown"
    content   = local.runbook[each.value.title]
  }

  depends_on = [
    google_cloud_scheduler_job.recover, # else "recover does not succeed" comes while the functions are being built
    google_logging_metric.counter,
    google_logging_metric.latency,
    google_logging_metric.value,
  ]
}
