# Deploys the function, subscribed: `terraform apply`.

variable "project" {
  description = "The receiver's project."
  type        = string
}

variable "url" {
  description = "Where leads are posted."
  type        = string
}

module "function" {
  source = "../function"

  project     = var.project
  name        = basename(abspath(path.module)) # the folder's
  folder      = path.module
  types       = ["lead.generator", "lead.quiz", "lead.video"]
  environment = { MINE_URL = var.url }
}
