# SPDX-License-Identifier: Apache-2.0

variable "notification_channels" {
  description = "Where alerts go: `projects/PROJECT/notificationChannels/ID`. Without any, and without `alert_emails`, incidents are seen in the console alone."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for channel in var.notification_channels : can(regex("^projects/[^/]+/notificationChannels/[^/]+$", channel))])
    error_message = "notification_channels must be names of the form projects/PROJECT/notificationChannels/ID (gcloud beta monitoring channels list)."
  }
}

variable "alert_emails" {
  description = "Addresses that alerts are mailed to, beside `notification_channels`: a channel is made for each."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+[.][^@\\s]+$", address))])
    error_message = "alert_emails must be addresses, such as operator@example.com."
  }
}

variable "alerts" {
  description = "When to raise an alert. `off` names alerts to leave out; `no_traffic_hours` null: silence is no alert."
  type = object({
    off                    = optional(set(string), [])
    webhook_errors         = optional(number, 0)    # answers of 5xx or 429 in 5 minutes, more than
    pending_minutes        = optional(number, 10)   # an event unpublished for longer than
    spool_minutes          = optional(number, 15)   # a webhook in the spool for longer than
    refused                = optional(number, 20)   # answers of 400, 403, 413 or 415 in an hour, more than; of what looks like a webhook, one
    recover_silent_minutes = optional(number, 15)   # no successful run of recover for; three times the gap of recover_schedule or more
    latency_ms             = optional(number, 2000) # 95 % of answers within; Envybox may give up after 3 s
    backlog_minutes        = optional(number, 60)   # a subscription's oldest message unacknowledged for longer than
    no_traffic_hours       = optional(number)       # no webhook accepted for
  })
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for alert in var.alerts.off : contains(["webhook_errors", "unreachable", "pending", "spool", "dead_letters", "refused", "recover", "latency", "backlog", "keys_read", "errors"], alert)])
    error_message = "alerts.off must name alerts: webhook_errors, unreachable, pending, spool, dead_letters, refused, recover, latency, backlog, keys_read, errors."
  }

  validation {
    condition = var.alerts.webhook_errors >= 0 && var.alerts.refused >= 0 && alltrue([
      for threshold in [var.alerts.pending_minutes, var.alerts.spool_minutes, var.alerts.latency_ms, var.alerts.backlog_minutes] : threshold > 0
    ])
    error_message = "Thresholds of alerts must be positive (webhook_errors and refused may be 0)."
  }

  validation {
    # The metric's last bound is 10 s: of a longer answer no more is known.
    condition     = var.alerts.latency_ms < 10000
    error_message = "alerts.latency_ms must be less than 10000."
  }

  validation {
    # They become durations of PromQL, which has no parts of one.
    condition     = alltrue([for number in [coalesce(var.alerts.no_traffic_hours, 1), var.alerts.recover_silent_minutes] : floor(number) == number])
    error_message = "alerts.no_traffic_hours and alerts.recover_silent_minutes must be whole numbers."
  }

  validation {
    condition     = coalesce(var.alerts.no_traffic_hours, 1) >= 1 && coalesce(var.alerts.no_traffic_hours, 1) <= 168 && var.alerts.recover_silent_minutes >= 5 && var.alerts.recover_silent_minutes <= 1440
    error_message = "alerts.no_traffic_hours must be 1 to 168, a week (or null), alerts.recover_silent_minutes 5 to 1440."
  }
}

variable "uptime_check" {
  description = "How often Google asks the webhook's URL from several continents whether it is up: `60s`, `300s`, `600s`, `900s`; or `off`, which a webhook that is not public needs."
  type        = string
  default     = "300s"
  nullable    = false

  validation {
    condition     = contains(["60s", "300s", "600s", "900s", "off", "null"], var.uptime_check)
    error_message = "uptime_check must be 60s, 300s, 600s, 900s or off."
  }

  validation {
    condition     = var.uptime_check != "null"
    error_message = "uptime_check is the text null, which is what -var uptime_check=null gives for a variable of text. Leave it out, or set it to off."
  }
}
