package examples

// block is what of Terraform's own blocks a lab like this may use.
type block struct {
	labels int
	body   resource
}

func language() map[string]block {
	condition := resource{required: words("condition error_message")}
	return map[string]block{
		"terraform": {body: resource{
			optional: words("required_version"),
			blocks:   map[string]resource{"backend": {any: true}, "cloud": {any: true}, "required_providers": {any: true}},
		}},
		"provider": {labels: 1},
		"resource": {labels: 2},
		"data":     {labels: 2},
		"locals":   {body: resource{any: true}},
		"variable": {labels: 1, body: resource{
			optional: words("default description ephemeral nullable sensitive type"), blocks: map[string]resource{"validation": condition},
		}},
		"output": {labels: 1, body: resource{
			required: words("value"), optional: words("depends_on description ephemeral sensitive"),
			blocks: map[string]resource{"precondition": condition},
		}},
	}
}

// with adds the arguments and blocks that all resources have.
func (r resource) with() resource {
	condition := resource{required: words("condition error_message")}
	blocks := map[string]resource{
		"timeouts": {optional: words("create delete read update")},
		"lifecycle": {
			optional: words("create_before_destroy ignore_changes prevent_destroy replace_triggered_by"),
			blocks:   map[string]resource{"postcondition": condition, "precondition": condition},
		},
	}
	for name, inner := range r.blocks {
		blocks[name] = inner
	}
	r.blocks = blocks
	r.optional = append(words("count depends_on for_each provider"), r.optional...)
	return r
}

// functions are Terraform's.
func functions() []string {
	return words(`abs abspath alltrue anytrue base64decode base64encode base64gzip base64sha256 base64sha512 basename bcrypt
		can ceil chomp chunklist cidrhost cidrnetmask cidrsubnet cidrsubnets coalesce coalescelist compact concat contains
		csvdecode dirname distinct element endswith file filebase64 filebase64sha256 filebase64sha512 fileexists filemd5 fileset
		filesha1 filesha256 filesha512 flatten floor format formatdate formatlist indent index join jsondecode jsonencode keys
		length log lookup lower matchkeys max md5 merge min nonsensitive one parseint pathexpand plantimestamp pow range regex
		regexall replace reverse rsadecrypt sensitive setintersection setproduct setsubtract setunion sha1 sha256 sha512 signum
		slice sort split startswith strcontains strrev substr sum templatefile textdecodebase64 textencodebase64 timeadd timecmp
		timestamp title tobool tolist tomap tonumber toset tostring transpose trim trimprefix trimspace trimsuffix try upper
		urlencode uuid uuidv5 values yamldecode yamlencode zipmap`)
}
