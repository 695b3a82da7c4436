# SPDX-License-Identifier: Apache-2.0

# Metrics made of log lines: the functions' own, one line a request, and Cloud Run's. Queries use their PromQL names.

locals {
  log_of = {
    for name in keys(local.functions) : name => "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}-${name}\" AND jsonPayload.component=\"${name}\""
  }

  # Lines that are no request's have no component. Not Cloud Run's log of requests: a 5xx there has its alert.
  log_of_errors = join(" AND ", [
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=(\"${var.name}-webhook\" OR \"${var.name}-recover\")",
    "(${join(" OR ", [
      "(logName=(\"${local.log}%2Fstdout\" OR \"${local.log}%2Fvarlog%2Fsystem\") AND severity>=ERROR)", # system: killed for want of memory
      # Python's own last words are plain text on standard error, of no severity.
      "(logName=\"${local.log}%2Fstderr\" AND (severity>=ERROR OR textPayload:(\"Traceback (most recent call last)\" OR \"Fatal Python error\" OR \"[CRITICAL]\" OR \"[ERROR]\")))",
    ])})",
  ])

  log = "projects/${var.project}/logs/run.googleapis.com"

  counters = merge(local.counters_always, var.watch_keys ? {
    keys_read = {
      description = "Reads of the keys by others than webhook"
      filter      = local.log_of_reads
      labels      = []
    }
  } : {})

  counters_always = {
    webhooks = {
      description = "Requests to webhook by what became of them"
      filter      = "${local.log_of.webhook} AND jsonPayload.status:*"
      labels      = ["status", "type", "from_envybox"]
    }
    recoveries = {
      description = "Requests to recover by what became of them"
      filter      = "${local.log_of.recover} AND jsonPayload.status:*"
      labels      = ["status"]
    }
    errors = {
      description = "Lines of severity ERROR, save those of which other alerts tell"
      filter      = "${local.log_of_errors} AND NOT jsonPayload.status=(\"unavailable\" OR \"not_configured\" OR \"dead_lettered\")"
      labels      = []
    }
  }

  # Gauges in truth: each run of recover logs one value, and sum / count of a window is their mean.
  values = {
    pending = {
      description = "Events stored and not yet published, as a run of recover left them"
      field       = "pending"
      unit        = "1"
    }
    oldest_pending = {
      description = "Age of the oldest event that is not yet published"
      field       = "oldest_pending_seconds"
      unit        = "s"
    }
    spool_age = {
      description = "How long a webhook had been in the spool when recover took it"
      field       = "spool_age_seconds"
      unit        = "s"
    }
  }

  # As PromQL spells them: the first / as :, all other marks as _.
  metric = {
    for name, full_name in local.metric_names : name => "logging_googleapis_com:user_${replace(full_name, "/[^A-Za-z0-9_]/", "_")}"
  }
  metric_names = { for name in concat(keys(local.counters_always), keys(local.values), ["keys_read", "latency"]) : name => "${var.name}/${name}" }
}

resource "google_logging_metric" "counter" {
  for_each = local.counters

  project          = local.project
  name             = local.metric_names[each.key]
  description      = each.value.description
  filter           = each.value.filter
  label_extractors = { for label in each.value.labels : label => "EXTRACT(jsonPayload.${label})" }

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"

    dynamic "labels" {
      for_each = each.value.labels

      content {
        key        = labels.value
        value_type = "STRING"
      }
    }
  }
}

resource "google_logging_metric" "value" {
  for_each = local.values

  project         = local.project
  name            = local.metric_names[each.key]
  description     = each.value.description
  filter          = "${local.log_of.recover} AND jsonPayload.${each.value.field}>=0"
  value_extractor = "EXTRACT(jsonPayload.${each.value.field})"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = each.value.unit
  }

  bucket_options {
    explicit_buckets {
      bounds = [1, 10, 60, 300, 600, 1800, 3600, 21600, 86400]
    }
  }
}

# How long Envybox waits, an instance's start with it. Cloud Run's own metric counts the uptime check's quick GETs too,
# which are more than the webhooks where those are few.
resource "google_logging_metric" "latency" {
  project         = local.project
  name            = local.metric_names.latency
  description     = "How long POSTs to webhook took, as Cloud Run saw it"
  filter          = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}-webhook\" AND logName=\"projects/${var.project}/logs/run.googleapis.com%2Frequests\" AND httpRequest.requestMethod=\"POST\""
  value_extractor = "EXTRACT(httpRequest.latency)"

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "DISTRIBUTION"
    unit        = "s"
  }

  bucket_options {
    explicit_buckets {
      bounds = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 5, 10]
    }
  }
}
