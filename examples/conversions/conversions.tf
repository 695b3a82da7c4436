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

variable "consent" {
  description = "CONVERSIONS_CONSENT: `granted`, or the field that says that the visitor agreed, such as `extra.consent`."
  type        = string
}

variable "ga4_measurement_id" {
  description = "The stream of Google Analytics 4, `G-…`; null: none."
  type        = string
  default     = null
}

variable "ga4_api_secret" {
  description = "Its secret of Measurement Protocol."
  type        = string
  default     = ""
  ephemeral   = true
  sensitive   = true
}

variable "metrica_counter" {
  description = "The number of the counter of Yandex.Metrica; null: none."
  type        = string
  default     = null
}

variable "metrica_token" {
  description = "An OAuth token with the right to upload."
  type        = string
  default     = ""
  ephemeral   = true
  sensitive   = true
}

variable "secrets_version" {
  description = "Raise it when a secret changes: Terraform cannot see that by itself."
  type        = number
  default     = 1
}

variable "settings" {
  description = "Other settings of README.md, such as { CONVERSIONS_TABLE = jsonencode([…]) }."
  type        = map(string)
  default     = {}
}

variable "notification_channels" {
  description = "Where its errors are told."
  type        = list(string)
  default     = []
}

locals {
  ga4     = var.ga4_measurement_id != null
  metrica = var.metrica_counter != null
}

module "function" {
  source = "../function"

  project = var.project
  region  = var.region
  name    = "conversions"
  folder  = path.module
  types   = ["call.info", "call.result", "chat.offline", "lead.generator", "lead.quiz", "lead.video"]

  environment = merge(
    { CONVERSIONS_CONSENT = var.consent },
    local.ga4 ? { GA4_MEASUREMENT_ID = var.ga4_measurement_id } : {},
    local.metrica ? { METRICA_COUNTER = var.metrica_counter } : {},
    var.settings,
  )
  secrets               = concat(local.ga4 ? ["GA4_API_SECRET"] : [], local.metrica ? ["METRICA_TOKEN"] : [])
  secret_values         = { GA4_API_SECRET = var.ga4_api_secret, METRICA_TOKEN = var.metrica_token }
  secrets_version       = var.secrets_version
  notification_channels = var.notification_channels
}

output "dead_letters" {
  description = "The subscription that keeps what could not be sent."
  value       = module.function.dead_letters
}
