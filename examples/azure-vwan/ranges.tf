# What a mesh cannot have twice: the hub, the virtual networks and the pods
# everywhere, and a cluster's services with any of them. Services of two
# clusters may have the same range.
locals {
  ranges = concat(
    [{ of = "hub", name = "the hub", cidr = var.hub_prefix }],
    flatten([
      for name, c in var.clusters : [
        for of in ["vnet", "services", "pods"] : { of = of, name = "${of} of ${name}", cidr = c[of] }
      ]
    ])
  )

  # Two ranges overlap if they are one, once both have the shorter prefix's length.
  overlaps = flatten([
    for i, a in local.ranges : [
      for b in slice(local.ranges, i + 1, length(local.ranges)) : "${a.name} and ${b.name}"
      if "${a.of} ${b.of}" != "services services" && 1 == length(distinct([
        for cidr in [a.cidr, b.cidr] :
        cidrsubnet(format("%s/%d", split("/", cidr)[0], min(split("/", a.cidr)[1], split("/", b.cidr)[1])), 0, 0)
      ]))
    ]
  ])
}
