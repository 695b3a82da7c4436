# SPDX-License-Identifier: Apache-2.0

locals {
  # Where an entry names none. From the receiver's name, as two receivers of a project cannot both make one dataset.
  dataset = replace(var.name, "-", "_")
}

variable "subscriptions" {
  description = <<-EOT
    Who gets the events: name => its types (`["*"]`: all) and exactly one of `push`, `pull`, `bigquery`, `cloud_storage`.
    A subscription of Pub/Sub belongs to one topic, so each type makes one, `envybox-NAME-TYPE`; a table or bucket is
    shared by all types of an entry. README.md, "Subscriptions", has an example of each.
  EOT
  type = map(object({
    types = list(string)

    push = optional(object({
      url                   = string
      wrapped               = optional(bool, true) # false: the event is the body, the attributes are headers
      authenticated         = optional(bool, true) # an OIDC token in Authorization
      service_account_email = optional(string)     # whose token; null: an account made here
      audience              = optional(string)     # null: the URL
    }))

    pull = optional(object({
      consumers = optional(set(string), []) # principals, such as serviceAccount:…, that may read it
    }))

    bigquery = optional(object({
      dataset        = optional(string)           # null: that of name, - as _
      table          = optional(string, "events") # the view of one row an event; the messages are in TABLE_messages
      location       = optional(string)           # null: region
      dataset_create = optional(bool, true)       # false: the dataset exists already
      expire_days    = optional(number)           # rows older than this go; null: never
      delete_protect = optional(bool, true)
    }))

    cloud_storage = optional(object({
      bucket       = optional(string)            # an existing one; null: one is made
      prefix       = optional(string, "")        # before NAME-TYPE/
      format       = optional(string, "text")    # text: an event a line; avro: with attributes and metadata
      max_duration = optional(string, "300s")    # a file is closed after this, or …
      max_bytes    = optional(number, 104857600) # … at this size
      expire_days  = optional(number)            # files of the made bucket older than this go; null: never
    }))

    filter               = optional(string) # such as attributes.site = "example.com"; cannot be changed afterwards
    ack_deadline_seconds = optional(number, 30)
    retention            = optional(string, "604800s")
    ordering             = optional(bool, false) # by call, chat or visitor; cannot be changed afterwards
    retry = optional(object({
      minimum = optional(string, "10s")
      maximum = optional(string, "600s")
    }), {})
    dead_letter_after = optional(number, 100) # tries before a message goes to envybox-NAME-dead; 0: never, tries go on until retention ends
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.subscriptions) : can(regex("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$", name)) && name != "spool"])
    error_message = "A subscription's name must be up to 40 lower-case letters, digits and hyphens, begin with a letter, and not be spool."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : length([for kind in [s.push, s.pull, s.bigquery, s.cloud_storage] : kind if kind != null]) == 1])
    error_message = "Each subscription must have exactly one of push, pull, bigquery, cloud_storage."
  }

  validation {
    condition = alltrue([for s in values(var.subscriptions) :
      length(s.types) > 0 && length(distinct(s.types)) == length(s.types) && (
        s.types == tolist(["*"]) || alltrue([for type in s.types : contains(jsondecode(file("${path.module}/../envybox/types.json"))[*].type, type)])
    )])
    error_message = "A subscription's types must be [\"*\"] or some of: ${join(", ", jsondecode(file("${path.module}/../envybox/types.json"))[*].type)}, each once."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : s.push == null ? true : can(regex("^https://[^\\s/]+", s.push.url))])
    error_message = "push.url must begin with https://: Pub/Sub pushes to nothing else."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : s.push == null ? true : s.push.authenticated || (s.push.service_account_email == null && s.push.audience == null)])
    error_message = "push.service_account_email and push.audience have no use with push.authenticated = false."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : s.bigquery == null ? true : can(regex("^[A-Za-z0-9_]{1,200}$", coalesce(s.bigquery.dataset, local.dataset))) && can(regex("^[A-Za-z0-9_]{1,200}$", s.bigquery.table))])
    error_message = "bigquery.dataset and bigquery.table must be letters, digits and underscores."
  }

  validation {
    # A table's view has its name, and the table has _messages after it: events_messages beside events is no name either.
    condition = length(distinct(flatten([for s in values(var.subscriptions) : [for table in [s.bigquery.table, "${s.bigquery.table}_messages"] : "${coalesce(s.bigquery.dataset, local.dataset)}.${table}"] if s.bigquery != null]))) == 2 * length([
      for s in values(var.subscriptions) : s if s.bigquery != null
    ])
    error_message = "Two subscriptions must not have the same bigquery.dataset and bigquery.table, nor one the other's table with _messages after it."
  }

  validation {
    condition     = length(distinct([for s in values(var.subscriptions) : "${coalesce(s.bigquery.dataset, local.dataset)}.${coalesce(s.bigquery.location, "-")}" if s.bigquery != null])) == length(distinct([for s in values(var.subscriptions) : coalesce(s.bigquery.dataset, local.dataset) if s.bigquery != null]))
    error_message = "Subscriptions of one bigquery.dataset must name the same bigquery.location."
  }

  validation {
    condition     = length(distinct([for s in values(var.subscriptions) : "${coalesce(s.bigquery.dataset, local.dataset)}.${s.bigquery.dataset_create}" if s.bigquery != null])) == length(distinct([for s in values(var.subscriptions) : coalesce(s.bigquery.dataset, local.dataset) if s.bigquery != null]))
    error_message = "Subscriptions of one bigquery.dataset must have the same bigquery.dataset_create."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : s.cloud_storage == null ? true : contains(["text", "avro"], s.cloud_storage.format)])
    error_message = "cloud_storage.format must be text or avro."
  }

  validation {
    condition = alltrue([for s in values(var.subscriptions) : s.cloud_storage == null ? true :
      try(tonumber(trimsuffix(s.cloud_storage.max_duration, "s")) >= 60 && tonumber(trimsuffix(s.cloud_storage.max_duration, "s")) <= 600, false) && s.cloud_storage.max_bytes >= 1000
    ])
    error_message = "cloud_storage.max_duration must be 60s to 600s, cloud_storage.max_bytes 1000 or more."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : s.cloud_storage == null ? true : s.cloud_storage.bucket == null || s.cloud_storage.expire_days == null])
    error_message = "cloud_storage.expire_days is for the bucket that is made here; an existing bucket has its own rules."
  }

  validation {
    # PROJECT-NAME-source is the bucket of the functions' code.
    condition     = alltrue([for name, s in var.subscriptions : try(s.cloud_storage.bucket == null, false) ? name != "source" && length("${var.project}-${var.name}-${name}") <= 63 : true])
    error_message = "A subscription to cloud_storage whose bucket is made here must not be called source, and the bucket's name, project-name-subscription, must be 63 characters at most: take a shorter name, or name a bucket of your own."
  }

  validation {
    condition = alltrue(flatten([for s in values(var.subscriptions) : [
      for days in [try(s.bigquery.expire_days, null), try(s.cloud_storage.expire_days, null)] : try(days >= 1 && floor(days) == days, days == null)
    ]]))
    error_message = "expire_days must be a whole number of days, 1 or more, or null."
  }

  validation {
    condition = alltrue(flatten([for s in values(var.subscriptions) : [
      for number in [s.ack_deadline_seconds, s.dead_letter_after, try(s.cloud_storage.max_bytes, 0)] : floor(number) == number
    ]]))
    error_message = "ack_deadline_seconds, dead_letter_after and cloud_storage.max_bytes must be whole numbers."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : s.ack_deadline_seconds >= 10 && s.ack_deadline_seconds <= 600])
    error_message = "ack_deadline_seconds must be 10 to 600."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : s.dead_letter_after == 0 || (s.dead_letter_after >= 5 && s.dead_letter_after <= 100)])
    error_message = "dead_letter_after must be 5 to 100 tries, or 0 for no dead letters."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : can(regex("^[0-9]+s$", s.retention)) && try(tonumber(trimsuffix(s.retention, "s")) >= 600 && tonumber(trimsuffix(s.retention, "s")) <= 2678400, false)])
    error_message = "retention must be seconds from 600s (10 minutes) to 2678400s (31 days)."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : alltrue([for wait in [s.retry.minimum, s.retry.maximum] : can(regex("^[0-9]+(\\.[0-9]+)?s$", wait)) && try(tonumber(trimsuffix(wait, "s")) <= 600, false)])])
    error_message = "retry.minimum and retry.maximum must be seconds from 0s to 600s."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : try(tonumber(trimsuffix(s.retry.minimum, "s")) <= tonumber(trimsuffix(s.retry.maximum, "s")), true)])
    error_message = "retry.minimum must not be longer than retry.maximum."
  }

  validation {
    condition     = alltrue([for s in values(var.subscriptions) : length(coalesce(s.filter, "-")) <= 256])
    error_message = "filter must be 256 characters at most, as Pub/Sub demands."
  }
}
