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
  description = "The bot's token, from @BotFather."
  type        = string
  ephemeral   = true
  sensitive   = true
}

variable "chats" {
  description = "TELEGRAM_CHATS: a chat's id, or a JSON list (README.md)."
  type        = string
}

variable "secrets_version" {
  description = "Raise it when a secret changes: Terraform cannot see that by itself."
  type        = number
  default     = 1
}

variable "settings" {
  description = "Other settings of README.md, such as { TELEGRAM_LANGUAGE = \"en\" }."
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
  name    = "telegram"
  folder  = path.module
  types = [
    "call.info", "call.result",
    "chat.manager", "chat.offline", "chat.online",
    "lead.generator", "lead.quiz", "lead.video", "unknown",
  ]

  environment           = merge({ TELEGRAM_CHATS = var.chats }, var.settings)
  secrets               = ["TELEGRAM_TOKEN"]
  secret_values         = { TELEGRAM_TOKEN = var.token }
  secrets_version       = var.secrets_version
  notification_channels = var.notification_channels
}

output "dead_letters" {
  description = "The subscription that keeps what could not be told."
  value       = module.function.dead_letters
}
