# SPDX-License-Identifier: Apache-2.0

# The functions are asynchronous, one process each: they need no threads, and more than one CPU does not help them.
# Concurrency, CPU, memory and instances are set together, as they hang together.

locals {
  # CPUs => the least and the most memory that Cloud Run allows, MiB: https://cloud.google.com/run/docs/configuring/cpu
  memory_limits = { "1" = [128, 4096], "2" = [128, 8192], "4" = [2048, 16384], "6" = [4096, 24576], "8" = [4096, 32768] }

  memory_of_a_part = [128, 1024] # below one CPU; below half a one 512
}

variable "webhook" {
  description = "The size of `webhook`. 80 requests at once share a CPU; `min_instances = 1` spares the cold start, for money; `max_instances` bounds the bill, and beyond it Google answers 429; times `cpu` it must lie within the region's quota of vCPUs, 20 in many new projects."
  type = object({
    cpu             = optional(number, 1)
    memory          = optional(string, "512Mi")
    concurrency     = optional(number, 80)
    min_instances   = optional(number, 0)
    max_instances   = optional(number, 10)
    timeout_seconds = optional(number, 10) # it answers within 3
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.webhook.concurrency == 1 || var.webhook.cpu >= 1
    error_message = "webhook.concurrency above 1 needs a whole CPU: set webhook.cpu to 1 or more, or webhook.concurrency to 1."
  }

  validation {
    condition     = alltrue([for number in [var.webhook.concurrency, var.webhook.min_instances, var.webhook.max_instances, var.webhook.timeout_seconds] : floor(number) == number])
    error_message = "webhook.concurrency, min_instances, max_instances and timeout_seconds must be whole numbers."
  }

  validation {
    condition     = var.webhook.concurrency >= 1 && var.webhook.concurrency <= 1000
    error_message = "webhook.concurrency must be 1 to 1000."
  }

  validation {
    condition     = var.webhook.cpu >= 0.083 && (var.webhook.cpu < 1 || contains([1, 2, 4, 6, 8], var.webhook.cpu))
    error_message = "webhook.cpu must be 1, 2, 4, 6 or 8, or a part of one from 0.083."
  }

  validation {
    condition     = can(regex("^[1-9][0-9]*(Mi|Gi)$", var.webhook.memory))
    error_message = "webhook.memory must be such as 512Mi or 1Gi."
  }

  validation {
    condition = alltrue([
      for mebibytes in try([tonumber(regex("^[0-9]+", var.webhook.memory)) * (endswith(var.webhook.memory, "Gi") ? 1024 : 1)], []) :
      mebibytes >= try(local.memory_limits[tostring(var.webhook.cpu)], local.memory_of_a_part)[0] && mebibytes <= (
        var.webhook.cpu < 0.5 ? 512 : try(local.memory_limits[tostring(var.webhook.cpu)], local.memory_of_a_part)[1]
      )
    ])
    error_message = "webhook.memory does not go with webhook.cpu: up to 512Mi below half a CPU, 1Gi below one, 4Gi with 1, 8Gi with 2, 2Gi to 16Gi with 4, 4Gi to 24Gi with 6, 4Gi to 32Gi with 8."
  }

  validation {
    condition     = var.webhook.min_instances >= 0 && var.webhook.max_instances >= 1 && var.webhook.max_instances >= var.webhook.min_instances
    error_message = "webhook.max_instances must be 1 or more, and not below webhook.min_instances."
  }

  validation {
    condition     = var.webhook.timeout_seconds >= 5 && var.webhook.timeout_seconds <= 3600
    error_message = "webhook.timeout_seconds must be 5 to 3600: the function answers within 3 seconds."
  }
}

variable "recover" {
  description = "The size of `recover`. Few instances: they bound how hard a full spool presses on a database that has just come back."
  type = object({
    cpu             = optional(number, 1)
    memory          = optional(string, "512Mi")
    concurrency     = optional(number, 20)
    min_instances   = optional(number, 0)
    max_instances   = optional(number, 3)
    timeout_seconds = optional(number, 60) # a run ends itself within 55
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.recover.concurrency == 1 || var.recover.cpu >= 1
    error_message = "recover.concurrency above 1 needs a whole CPU: set recover.cpu to 1 or more, or recover.concurrency to 1."
  }

  validation {
    condition     = alltrue([for number in [var.recover.concurrency, var.recover.min_instances, var.recover.max_instances, var.recover.timeout_seconds] : floor(number) == number])
    error_message = "recover.concurrency, min_instances, max_instances and timeout_seconds must be whole numbers."
  }

  validation {
    condition     = var.recover.concurrency >= 1 && var.recover.concurrency <= 1000
    error_message = "recover.concurrency must be 1 to 1000."
  }

  validation {
    condition     = var.recover.cpu >= 0.083 && (var.recover.cpu < 1 || contains([1, 2, 4, 6, 8], var.recover.cpu))
    error_message = "recover.cpu must be 1, 2, 4, 6 or 8, or a part of one from 0.083."
  }

  validation {
    condition     = can(regex("^[1-9][0-9]*(Mi|Gi)$", var.recover.memory))
    error_message = "recover.memory must be such as 512Mi or 1Gi."
  }

  validation {
    condition = alltrue([
      for mebibytes in try([tonumber(regex("^[0-9]+", var.recover.memory)) * (endswith(var.recover.memory, "Gi") ? 1024 : 1)], []) :
      mebibytes >= try(local.memory_limits[tostring(var.recover.cpu)], local.memory_of_a_part)[0] && mebibytes <= (
        var.recover.cpu < 0.5 ? 512 : try(local.memory_limits[tostring(var.recover.cpu)], local.memory_of_a_part)[1]
      )
    ])
    error_message = "recover.memory does not go with recover.cpu: up to 512Mi below half a CPU, 1Gi below one, 4Gi with 1, 8Gi with 2, 2Gi to 16Gi with 4, 4Gi to 24Gi with 6, 4Gi to 32Gi with 8."
  }

  validation {
    condition     = var.recover.min_instances >= 0 && var.recover.max_instances >= 1 && var.recover.max_instances >= var.recover.min_instances
    error_message = "recover.max_instances must be 1 or more, and not below recover.min_instances."
  }

  validation {
    # Pub/Sub's longest ack deadline is 600 s, and the spool's is this.
    condition     = var.recover.timeout_seconds >= 60 && var.recover.timeout_seconds <= 600
    error_message = "recover.timeout_seconds must be 60 to 600: a run takes up to 55 seconds."
  }
}
