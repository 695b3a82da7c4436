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

variable "webhook_url" {
  description = "The portal's incoming webhook: https://PORTAL.bitrix24.ru/rest/USER/CODE/"
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "secrets_version" {
  description = "Raise it when a secret changes: Terraform cannot see that by itself."
  type        = number
  default     = 1
}

variable "settings" {
  description = "Other settings of README.md, such as { BITRIX24_RESPONSIBLE = \"12\" }."
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
  name    = "bitrix24"
  folder  = path.module
  types = [
    "call.started", "call.info", "call.result",
    "chat.manager", "chat.offline", "chat.online",
    "lead.generator", "lead.quiz", "lead.video", "unknown",
  ]

  environment           = var.settings
  secrets               = ["BITRIX24_WEBHOOK_URL"]
  secret_values         = { BITRIX24_WEBHOOK_URL = var.webhook_url }
  secrets_version       = var.secrets_version
  notification_channels = var.notification_channels
}

output "dead_letters" {
  description = "The subscription that keeps what could not be brought in."
  value       = module.function.dead_letters
}
