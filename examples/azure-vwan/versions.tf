terraform {
  required_version = ">= 1.7"
  required_providers {
    azurerm = {
      source  = "hashicorp/azurerm"
      version = "~> 5.2"
    }
  }
}

# A subscription that had no cluster yet does not know all of these services, and
# azurerm registers none unless told to.
provider "azurerm" {
  subscription_id                = var.subscription_id
  resource_providers_to_register = ["Microsoft.Compute", "Microsoft.ContainerService", "Microsoft.ManagedIdentity", "Microsoft.Network"]
  features {}
}
