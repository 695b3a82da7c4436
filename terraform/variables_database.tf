# SPDX-License-Identifier: Apache-2.0

variable "database" {
  description = "The Firestore database. `name` null: that of `name`. `location` null: `region` (or a multi-region, `eur3`, `nam5`). `index_times = false` from about 250 webhooks a second on: then events can no longer be sorted by a time, save those pending. `create = false`: it exists already, and is left as it is; `backup_days`: a backup each day is kept for so many, 0: none."
  type = object({
    name                   = optional(string)
    location               = optional(string)
    collection             = optional(string, "events")
    point_in_time_recovery = optional(bool, true)
    delete_protection      = optional(bool, true)
    index_times            = optional(bool, true)
    create                 = optional(bool, true)
    backup_days            = optional(number, 0)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.database.name == null || var.database.name == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.database.name))
    error_message = "database.name must be (default), or 4 to 63 lower-case letters, digits and hyphens."
  }

  validation {
    # Without protection `terraform destroy` deletes the database.
    condition     = var.database.name == null || var.database.name != "(default)" || var.database.delete_protection
    error_message = "database.delete_protection must stay true for the database (default): other applications of the project may keep their data in it, and terraform destroy would delete that too."
  }

  validation {
    # The TTL and the exemptions from indexes are of a collection's name, wherever it is in the database.
    condition     = var.database.name == null || var.database.name != "(default)" || var.database.collection != "events"
    error_message = "database.collection must not be events in the database (default): the TTL and the index exemptions made here would be those of every other application's events too. Take a name of your own, such as envybox_events."
  }

  validation {
    # 14 weeks are the most that Firestore keeps one.
    condition     = var.database.backup_days >= 0 && var.database.backup_days <= 98 && floor(var.database.backup_days) == var.database.backup_days
    error_message = "database.backup_days must be a whole number of days, 0 (no backups) to 98."
  }

  validation {
    # With both, taking a database that was made here out of Terraform's hands would delete it.
    condition     = var.database.create || var.database.delete_protection
    error_message = "database.create = false leaves the database to you, so database.delete_protection must not be false with it."
  }

  validation {
    # envybox/settings.py says the same, save %, ? and #, which the provider would not escape in a URL.
    condition     = can(regex("^[^/%?#\\s\\v\\x1c-\\x1f\\x85\\p{Z}]{1,375}$", var.database.collection)) && !can(regex("^(\\.|\\.\\.|__.*__)$", var.database.collection))
    error_message = "database.collection must be a collection's name of up to 375 characters: no /, %, ? or #, no white space, not of the form __name__."
  }
}
