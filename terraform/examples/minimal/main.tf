# SPDX-License-Identifier: Apache-2.0

# The receiver alone. Run it with: terraform apply -var project=my-project-123

variable "project" {
  type = string
}

module "envybox" {
  source = "../.."

  project = var.project
}

output "next_steps" {
  value = module.envybox.next_steps
}
