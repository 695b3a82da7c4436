variable "database" {
  description = "The Firestore database. `name` null: that of `name`. `location` null: `region` (or a multi-region, `eur3`, `nam5`). `index_times = false` from about 250 webhooks a second on: then events can no longer be sorted by a time, save those pending."
  type = object({
    name                   = optional(string)
    location               = optional(string)
    collection             = optional(string, "events")
    point_in_time_recovery = optional(bool, true)
    delete_protection      = optional(bool, true)
    index_times            = optional(bool, true)
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
    # envybox/settings.py says the same, save %, ? and #, which the provider would not escape in a URL.
    condition     = can(regex("^[^/%?#\\s\\v\\x1c-\\x1f\\x85\\p{Z}]{1,375}$", var.database.collection)) && !can(regex("^(\\.|\\.\\.|__.*__)$", var.database.collection))
    error_message = "database.collection must be a collection's name of up to 375 characters: no /, %, ? or #, no white space, not of the form __name__."
  }
}
