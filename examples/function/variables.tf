variable "project" {
  description = "The project that the receiver is in."
  type        = string
  nullable    = false
}

variable "region" {
  description = "The receiver's region."
  type        = string
  default     = "europe-west1"
  nullable    = false
}

variable "receiver" {
  description = "The receiver's `name`. Its bucket for code, its build account and image repository, its topics and its database are found by it."
  type        = string
  default     = "envybox"
  nullable    = false
}

variable "topic_prefix" {
  description = "The receiver's `topic_prefix`, where it was set."
  type        = string
  default     = null
}

variable "database" {
  description = "The receiver's database (output `database`) and collection, where they were set."
  type = object({
    name       = optional(string)
    collection = optional(string, "events")
  })
  default  = {}
  nullable = false
}

variable "timezone" {
  description = "The zone in which times are told, such as `Europe/Moscow`."
  type        = string
  default     = "Europe/Moscow"
  nullable    = false
}

variable "name" {
  description = "The function's name; the deployed one is called RECEIVER-NAME."
  type        = string
  nullable    = false

  validation {
    # RECEIVER-NAME-push is the id of an account, which has 30 characters at most.
    condition     = can(regex("^[a-z][a-z0-9-]*[a-z0-9]$", var.name)) && length("${var.receiver}-${var.name}-push") <= 30
    error_message = "name must be lower-case letters, digits and hyphens, begin with a letter, and be short: RECEIVER-NAME-push has 30 characters at most."
  }
}

variable "folder" {
  description = "The folder with main.py, its modules beside it, and requirements.txt: `path.module`."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists("${var.folder}/main.py") && fileexists("${var.folder}/requirements.txt")
    error_message = "folder must hold main.py and requirements.txt."
  }
}

variable "types" {
  description = "The types of events that it gets, such as [\"call.info\", \"lead.quiz\"]."
  type        = list(string)
  nullable    = false

  validation {
    condition = length(var.types) > 0 && length(distinct(var.types)) == length(var.types) && alltrue([
      for type in var.types : contains(jsondecode(file("${path.module}/../../envybox/types.json"))[*].type, type)
    ])
    error_message = "types must be some of ${join(", ", jsondecode(file("${path.module}/../../envybox/types.json"))[*].type)}, each once."
  }
}

variable "filter" {
  description = "A filter over the messages' attributes, such as `attributes.site = \"example.com\"`. Cannot be changed afterwards."
  type        = string
  default     = null
}

variable "environment" {
  description = "Its settings that are no secrets."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "secrets" {
  description = "The names of its settings that are secrets; `secret_values` has what they are."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "secret_values" {
  description = "NAME => the secret. Kept in Secret Manager alone, neither in the plan nor in the state."
  type        = map(string)
  default     = {}
  nullable    = false
  ephemeral   = true
  sensitive   = true
}

variable "secrets_version" {
  description = "Raise it when a secret changes: Terraform cannot see that by itself."
  type        = number
  default     = 1
  nullable    = false
}

variable "scaling" {
  description = "One request at a time and one instance by default: the other side's limits hold, and nothing runs into itself. What is over that Google answers 429, and it comes again."
  type = object({
    max_instances   = optional(number, 1)
    concurrency     = optional(number, 1)
    memory          = optional(string, "256Mi")
    timeout_seconds = optional(number, 60)
  })
  default  = {}
  nullable = false

  validation {
    # `Once` gives a run's turn to another after 70 s: no run may last longer.
    condition     = var.scaling.timeout_seconds >= 10 && var.scaling.timeout_seconds <= 60
    error_message = "scaling.timeout_seconds must be 10 to 60: a run's turn is another's after 70 s."
  }
}

variable "dead_letter_after" {
  description = "Tries before an event becomes a dead letter, 5 to 100. With the pauses between them, 100 are most of a day."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.dead_letter_after >= 5 && var.dead_letter_after <= 100
    error_message = "dead_letter_after must be 5 to 100."
  }
}

variable "notification_channels" {
  description = "Where its errors are told: `projects/PROJECT/notificationChannels/ID`."
  type        = list(string)
  default     = []
  nullable    = false
}

variable "labels" {
  description = "Labels of what is made."
  type        = map(string)
  default     = {}
  nullable    = false
}
