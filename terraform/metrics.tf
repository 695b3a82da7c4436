# Metrics made of the functions' log lines, one line a request. Queries use their PromQL names.

locals {
  log_of = {
    for name in keys(local.functions) : name => "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${var.name}-${name}\" AND jsonPayload.component=\"${name}\""
  }

  counters = {
    webhooks = {
      description = "Requests to webhook by what became of them"
      filter      = "${local.log_of.webhook} AND jsonPayload.status:*"
      labels      = ["status", "type"]
    }
    recoveries = {
      description = "Requests to recover by what became of them"
      filter      = "${local.log_of.recover} AND jsonPayload.status:*"
      labels      = ["status"]
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
    for name in concat(keys(local.counters), keys(local.values)) :
    name => "logging_googleapis_com:user_${replace(local.metric_names[name], "/[^A-Za-z0-9_]/", "_")}"
  }
  metric_names = { for name in concat(keys(local.counters), keys(local.values)) : name => "${var.name}/${name}" }
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
