# SPDX-License-Identifier: Apache-2.0

variable "project" {
  description = "The Google Cloud project's id (not its number)."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be a project's id, such as my-project-123: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Where everything runs and is stored. Cloud Scheduler, Firestore and Cloud Build must be offered there; some new projects may build in us-central1, us-west2, europe-west1, asia-east1, australia-southeast1 and southamerica-east1 alone. Cannot be changed afterwards."
  type        = string
  default     = "europe-west1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be a region, such as europe-west1 (not a zone, not a multi-region)."
  }
}

variable "name" {
  description = "The first part of every name: functions, accounts, bucket, secret, database. Two receivers in one project need two names."
  type        = string
  default     = "envybox"
  nullable    = false

  validation {
    # A service account's id, name-scheduler, has 30 characters at most; a database's at least 4.
    condition     = can(regex("^[a-z][a-z0-9-]{2,18}[a-z0-9]$", var.name))
    error_message = "name must be 4 to 20 lower-case letters, digits and hyphens, and begin with a letter."
  }
}

variable "topic_prefix" {
  description = "A topic is this and the type, `.` as `-`. `null`: the name and a hyphen."
  type        = string
  default     = null

  validation {
    # Pub/Sub and the code take + and % too, but the provider does not escape them in a URL.
    condition     = var.topic_prefix == null || var.topic_prefix == "null" || can(regex("^[A-Za-z][A-Za-z0-9._~-]{0,99}$", var.topic_prefix)) && !startswith(coalesce(var.topic_prefix, "-"), "goog")
    error_message = "topic_prefix must be a letter, then up to 99 letters, digits and -._~, and not begin with goog."
  }

  validation {
    condition     = var.topic_prefix != "null"
    error_message = "topic_prefix is the text null, which is what -var topic_prefix=null gives for a variable of text. Leave it out."
  }
}

variable "labels" {
  description = "Labels for everything that takes them, beside `app`."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))])
    error_message = "labels must be lower-case letters, digits, _ and -, 63 at most; a label's name begins with a letter."
  }
}

variable "enable_services" {
  description = "Whether to enable the APIs. `false` where something else in your configuration does."
  type        = bool
  default     = true
  nullable    = false
}

variable "webhook_invokers" {
  description = "Who may call `webhook`. Empty, or another principal, where an organization forbids `allUsers` (see \"Where allUsers is forbidden\")."
  type        = set(string)
  default     = ["allUsers"]
  nullable    = false

  validation {
    condition     = alltrue([for member in var.webhook_invokers : contains(["allUsers", "allAuthenticatedUsers"], member) || can(regex("^[a-zA-Z]+:.+$", member))])
    error_message = "webhook_invokers must be allUsers or principals such as serviceAccount:NAME@PROJECT.iam.gserviceaccount.com."
  }
}

variable "invoker_iam_check" {
  description = "Whether Cloud Run checks who calls `webhook`. `false`: no grant is made, and the output `public_command` switches the check off, which Terraform cannot (see \"Where allUsers is forbidden\")."
  type        = bool
  default     = true
  nullable    = false
}

variable "kms_key" {
  description = "A key of Cloud KMS, in `region`, for all that holds data or code: `projects/P/locations/REGION/keyRings/R/cryptoKeys/K`. `null`: Google's own keys. Cannot be changed afterwards."
  type        = string
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^projects/[^/]+/locations/${var.region}/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key))
    error_message = "kms_key must be projects/P/locations/REGION/keyRings/R/cryptoKeys/K, its REGION that of region."
  }

  validation {
    condition     = var.kms_key == null || var.database.location == null || var.database.location == var.region
    error_message = "kms_key is of one region, so database.location must not be another."
  }
}

variable "budget" {
  description = "A month's budget, of the whole project, in the billing account's currency: Google mails at 50, 90 and 100 %, and stops nothing. `billing_account` null: the project's. `null`: none."
  type = object({
    amount          = number
    billing_account = optional(string)
  })
  default = null

  validation {
    condition     = var.budget == null || try(var.budget.amount >= 1 && floor(var.budget.amount) == var.budget.amount, false)
    error_message = "budget.amount must be a whole number, 1 or more."
  }
}

variable "timezone" {
  description = "The zone of Envybox's times, which have no offset."
  type        = string
  default     = "Europe/Moscow"
  nullable    = false

  validation {
    condition     = can(regex("^(UTC|[A-Z][A-Za-z]+(/[A-Za-z0-9_+-]+)+)$", var.timezone))
    error_message = "timezone must be a name of the time zone database, such as Europe/Moscow, or UTC; not an abbreviation."
  }
}

variable "phone_region" {
  description = "The region of phone numbers without a country code."
  type        = string
  default     = "RU"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Z]{2}$", var.phone_region)) && var.phone_region != "UK"
    error_message = "phone_region must be a two-letter country code, such as RU or GB (which is the United Kingdom's)."
  }
}

variable "retention_days" {
  description = "How many days an event is kept in Firestore. 0: for ever."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.retention_days >= 0 && var.retention_days <= 36500 && floor(var.retention_days) == var.retention_days
    error_message = "retention_days must be a whole number of days, 0 (for ever) to 36500."
  }
}

variable "dedup_hours" {
  description = "How long the same webhook without a call's or chat's id counts as one event."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.dedup_hours >= 0 && var.dedup_hours <= 8760
    error_message = "dedup_hours must be 0 to 8760."
  }
}

variable "recover_after_seconds" {
  description = "How long an event may be pending before `recover` publishes it."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.recover_after_seconds >= 0 && var.recover_after_seconds <= 86400
    error_message = "recover_after_seconds must be 0 to 86400."
  }
}

variable "recover_schedule" {
  description = "When `recover` runs, as cron writes it, in UTC. With longer gaps raise `alerts.recover_silent_minutes` to three times the gap or more."
  type        = string
  default     = "* * * * *"
  nullable    = false

  validation {
    condition     = length(split(" ", var.recover_schedule)) == 5
    error_message = "recover_schedule must have cron's five fields, such as \"* * * * *\"."
  }

  validation {
    # The plain forms of rarer schedules: */N minutes, and one minute of an hour or rarer.
    condition = var.alerts.recover_silent_minutes >= 3 * try(
      tonumber(regex("^\\*/([0-9]+) ", var.recover_schedule)[0]),
      can(regex("^[0-9]+ ", var.recover_schedule)) ? 60 : 1,
    )
    error_message = "With this recover_schedule raise alerts.recover_silent_minutes to three times the gap between two runs, or more: the alerts would come without a cause."
  }
}

variable "message_storage_regions" {
  description = "Where Pub/Sub may keep messages. `null`: in `region` alone."
  type        = list(string)
  default     = null

  validation {
    condition     = var.message_storage_regions == null || length(coalesce(var.message_storage_regions, [])) > 0
    error_message = "message_storage_regions must name at least one region, or be null for the region of all the rest."
  }
}

variable "topic_retention" {
  description = "How long a type's topic itself keeps messages, so that a new subscription can be wound back, such as `604800s`. `null`: not at all."
  type        = string
  default     = null

  validation {
    condition     = var.topic_retention == null || var.topic_retention == "null" || can(regex("^[0-9]+s$", var.topic_retention)) && try(tonumber(trimsuffix(var.topic_retention, "s")) >= 600 && tonumber(trimsuffix(var.topic_retention, "s")) <= 2678400, false)
    error_message = "topic_retention must be seconds from 600s (10 minutes) to 2678400s (31 days), or null."
  }

  validation {
    condition     = var.topic_retention != "null"
    error_message = "topic_retention is the text null, which is what -var topic_retention=null gives for a variable of text. Leave it out."
  }
}
