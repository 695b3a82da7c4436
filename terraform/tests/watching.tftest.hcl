# SPDX-License-Identifier: Apache-2.0

# Metrics, alerts, the uptime check and the dashboard.

mock_provider "google" {}
mock_provider "google-beta" {}
mock_provider "time" {}

variables {
  project               = "demo-project"
  notification_channels = ["projects/demo-project/notificationChannels/1"]
  alerts                = { no_traffic_hours = 24, pending_minutes = 7 }
  subscriptions         = { crm = { types = ["call.result"], push = { url = "https://crm.example.com/hook" } } }

  # `terraform test` cannot apply with an ephemeral variable that is left at its default.
  keys = ""
}

run "all_alerts" {
  command = apply

  assert {
    condition     = toset(keys(google_monitoring_alert_policy.this)) == toset(["webhook_errors", "unreachable", "pending", "spool", "dead_letters", "refused", "recover", "latency", "backlog", "no_traffic", "errors"])
    error_message = "An alert is missing, or one of what is not watched is there."
  }

  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.this : policy.notification_channels == tolist(["projects/demo-project/notificationChannels/1"]) && policy.conditions[0].condition_prometheus_query_language[0].disable_metric_validation])
    error_message = "Alerts must go to the channels, and not be refused while a metric is new."
  }

  assert {
    condition = alltrue([
      for policy in google_monitoring_alert_policy.this : alltrue([for part in ["**What it means.**", "**What to look at.**", "**What to do.**"] : strcontains(policy.documentation[0].content, part)]) && length(policy.documentation[0].content) < 8192
    ])
    error_message = "Each alert must carry its runbook, in the 8,192 characters that Cloud Monitoring takes."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["pending"].conditions[0].condition_prometheus_query_language[0].query, "logging_googleapis_com:user_envybox_oldest_pending_sum") && endswith(google_monitoring_alert_policy.this["pending"].conditions[0].condition_prometheus_query_language[0].query, "> 420")
    error_message = "pending must look at the log's metric, with the threshold given."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["dead_letters"].conditions[0].condition_prometheus_query_language[0].query, "subscription_id=~\"envybox-spool-dead|envybox-crm-dead\"") && strcontains(google_monitoring_alert_policy.this["backlog"].conditions[0].condition_prometheus_query_language[0].query, "subscription_id=~\"envybox-crm-call-result\"")
    error_message = "Dead letters and backlogs of every subscription must be watched."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["unreachable"].conditions[0].condition_prometheus_query_language[0].query, "check_id=\"${google_monitoring_uptime_check_config.webhook[0].uptime_check_id}\"")
    error_message = "unreachable must look at the uptime check."
  }

  assert {
    condition     = google_logging_metric.value["oldest_pending"].value_extractor == "EXTRACT(jsonPayload.oldest_pending_seconds)" && google_logging_metric.counter["webhooks"].label_extractors == tomap({ status = "EXTRACT(jsonPayload.status)", type = "EXTRACT(jsonPayload.type)", from_envybox = "EXTRACT(jsonPayload.from_envybox)" })
    error_message = "The metrics must read what the functions log."
  }

  assert {
    condition     = google_monitoring_uptime_check_config.webhook[0].period == "300s" && google_monitoring_uptime_check_config.webhook[0].http_check[0].use_ssl
    error_message = "The webhook's URL must be asked every five minutes."
  }

  assert {
    condition = alltrue([
      for title in ["Answers by status code", "Accepted events by type", "Pending: stored, not yet published", "Spool and dead letters, messages", "Subscriptions' backlog, messages", "Latency of the webhook, ms", "Instances", "Warnings and errors"] :
      contains(jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles[*].widget.title, title)
    ])
    error_message = "The dashboard lacks a tile."
  }

  assert {
    condition     = alltrue([for tile in jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles : try(tile.xPos, 0) + tile.width <= 48])
    error_message = "A tile lies outside the dashboard."
  }

  assert {
    condition     = toset([for tile in jsondecode(google_monitoring_dashboard.this.dashboard_json).mosaicLayout.tiles : try("${tile.xPos}", "-")]) == toset(["-", "16", "32"]) && !can(regex("[xy]Pos\":0", google_monitoring_dashboard.this.dashboard_json))
    error_message = "The API leaves zeros out: with them every plan would have a change."
  }

  assert {
    condition = alltrue([
      for query in concat(
        [for policy in google_monitoring_alert_policy.this : policy.conditions[0].condition_prometheus_query_language[0].query],
        flatten([for tile in local.tiles : values(tile.queries)]),
      ) : length(regexall("_googleapis_com:", query)) == length(regexall("\\{project_id=\"demo-project\",", query))
    ])
    error_message = "Every query must be of the one project: a metrics scope may hold more."
  }

  assert {
    condition = alltrue([
      for query in [
        "status=~\"invalid_key|malformed|too_large|too_slow|unsupported_media_type\",from_envybox=\"true\"}[10m])) > 0",
        "status=\"too_large\"}[10m])) > 0",
        "status=~\"invalid_key|malformed|too_large|too_slow|unsupported_media_type\"}[1h])) > 20",
      ] : strcontains(google_monitoring_alert_policy.this["refused"].conditions[0].condition_prometheus_query_language[0].query, query)
    ])
    error_message = "One refused webhook must be told of, and many refused requests of any sort."
  }

  assert {
    condition = alltrue([
      for window in ["10m", "6h"] :
      strcontains(google_monitoring_alert_policy.this["latency"].conditions[0].condition_prometheus_query_language[0].query, "user_envybox_latency_bucket{${local.of_log}}[${window}]))) > 2 and sum(increase(logging_googleapis_com:user_envybox_latency_count{${local.of_log}}[${window}])) > 20")
    ]) && endswith(google_logging_metric.latency.filter, "httpRequest.requestMethod=\"POST\"")
    error_message = "Slow answers must be seen where webhooks are many and where they are few, without the uptime check's."
  }

  assert {
    condition     = endswith(google_monitoring_alert_policy.this["no_traffic"].conditions[0].condition_prometheus_query_language[0].query, "[24h])) or vector(0)) < 1 and sum(increase(logging_googleapis_com:user_envybox_recoveries{${local.of_log}}[7m] offset 24h)) > 0")
    error_message = "A receiver that is newer than the silence must raise no alert of it."
  }

  assert {
    condition = strcontains(google_logging_metric.counter["errors"].filter, "(\"envybox-webhook\" OR \"envybox-recover\")") && alltrue([
      for log in ["%2Fstdout\" OR ", "%2Fvarlog%2Fsystem\") AND severity>=ERROR) OR ", "%2Fstderr\" AND (severity>=ERROR OR textPayload:(\"Traceback (most recent call last)\"", ")) AND NOT jsonPayload.status="] :
      strcontains(google_logging_metric.counter["errors"].filter, log)
    ]) && !strcontains(google_logging_metric.counter["errors"].filter, "%2Frequests")
    error_message = "Errors of both functions must be counted, tracebacks and want of memory too, save those with an alert of their own."
  }

  assert {
    condition     = strcontains(google_monitoring_dashboard.this.dashboard_json, "status!=\\\"ok\\\"")
    error_message = "The uptime check's requests are no webhooks."
  }
}

run "rarer_values" {
  command   = apply
  state_key = "other" # a name cannot be changed after an apply

  variables {
    uptime_check     = "900s"
    recover_schedule = "*/20 * * * *"
    name             = "leads"
    topic_prefix     = "a.b~"
    alerts           = { recover_silent_minutes = 60 }
  }

  assert {
    condition     = local.uptime_window == "1800s" && strcontains(local.alerts.unreachable.query, "}[1800s])")
    error_message = "The uptime check's window must hold more than one of its periods."
  }

  assert {
    condition     = local.recover_window == "30m" && strcontains(google_monitoring_alert_policy.this["pending"].conditions[0].condition_prometheus_query_language[0].query, "}[30m])")
    error_message = "The window of what recover logs must hold more than one of its runs."
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["dead_letters"].conditions[0].condition_prometheus_query_language[0].query, "subscription_id=~\"a[.]b~spool-dead|a[.]b~crm-dead\"")
    error_message = "Marks of a pattern must stand for themselves."
  }

  assert {
    condition = (
      strcontains(google_monitoring_alert_policy.this["dead_letters"].documentation[0].content, "pull a.b~spool-dead --limit=10 --format=json --project=demo-project") &&
      strcontains(google_monitoring_alert_policy.this["dead_letters"].documentation[0].content, "`a.b~NAME-dead`") &&
      strcontains(google_monitoring_alert_policy.this["recover"].documentation[0].content, "resume leads-recover --location=europe-west1 --project=demo-project")
    )
    error_message = "The commands of an alert's text must be of this project, region and name."
  }

  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.this : !can(regex("\\bPROJECT\\b|\\bREGION\\b|envybox-[a-zN]|\\]\\(", policy.documentation[0].content))])
    error_message = "An alert's text must hold no placeholder, and no link that leads nowhere."
  }
}

run "fewer_alerts" {
  command = plan

  variables {
    subscriptions = {}
    uptime_check  = "off"
    alerts        = { off = ["latency"] }
  }

  assert {
    condition     = toset(keys(google_monitoring_alert_policy.this)) == toset(["webhook_errors", "pending", "spool", "dead_letters", "refused", "recover", "errors"])
    error_message = "What is off, or has nothing to watch, must raise no alert."
  }
}

run "who_is_told" {
  command = apply

  variables {
    alert_emails = ["operator@example.com"]
    budget       = { amount = 20 }
    watch_keys   = true
  }

  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.this : policy.notification_channels == tolist(["projects/demo-project/notificationChannels/1", google_monitoring_notification_channel.email["operator@example.com"].name])])
    error_message = "Alerts must go to the channels that there are, and to each address."
  }

  assert {
    condition     = google_billing_budget.this[0].amount[0].specified_amount[0].units == "20" && length(google_billing_budget.this[0].all_updates_rule[0].monitoring_notification_channels) == 2 && google_billing_budget.this[0].budget_filter[0].projects == toset(["projects/${data.google_project.this[0].number}"])
    error_message = "The budget must be of the one project, and tell the same people."
  }

  assert {
    condition     = google_project_iam_audit_config.keys[0].service == "secretmanager.googleapis.com" && strcontains(google_logging_metric.counter["keys_read"].filter, "NOT protoPayload.authenticationInfo.principalEmail=\"${google_service_account.this["webhook"].email}\"") && contains(keys(google_monitoring_alert_policy.this), "keys_read")
    error_message = "Reads of the keys by others than webhook must be logged, counted and told of."
  }
}
