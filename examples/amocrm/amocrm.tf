# Deploys the function, subscribed. `terraform apply` here, or as a module of your own configuration.

variable "project" {
  description = "The receiver's project."
  type        = string
}

variable "region" {
  description = "The receiver's region."
  type        = string
  default     = "europe-west1"
}

variable "token" {
  description = "A long-lived token of a private integration."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "domain" {
  description = "The account's domain, such as example.amocrm.ru or example.kommo.com."
  type        = string
}

variable "secrets_version" {
  description = "Raise it when a secret changes: Terraform cannot see that by itself."
  type        = number
  default     = 1
}

variable "settings" {
  description = "Other settings of README.md, such as { AMOCRM_RESPONSIBLE = \"12\" }."
  type        = map(string)
  default     = {}
}

variable "notification_channels" {
  description = "Where its errors are told."
  type        = list(string)
  default     = []
}

module "function" {
  source = "../function"

  project = var.project
  region  = var.region
  name    = "amocrm"
  folder  = path.module
  types = [
    "call.started", "call.info", "call.result",
    "chat.manager", "chat.offline", "chat.online",
    "lead.generator", "lead.quiz", "lead.video", "unknown",
  ]

  environment           = merge({ AMOCRM_DOMAIN = var.domain }, var.settings)
  secrets               = ["AMOCRM_TOKEN"]
  secret_values         = { AMOCRM_TOKEN = var.token }
  secrets_version       = var.secrets_version
  notification_channels = var.notification_channels
}

output "dead_letters" {
  description = "The subscription that keeps what could not be brought in."
  value       = module.function.dead_letters
}
