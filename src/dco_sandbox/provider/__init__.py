"""A stand-in for the `hashicorp/aws` Terraform provider: the types the sample uses, on boto3.

It stands at the real provider's address, so that the same HCL is applied in the sandbox and on AWS.
What it does not know, Terraform refuses by name. `wire` speaks msgpack, `schema` holds tables, `settle`
compares what is with what was asked, `kind` is the seam of a resource type, `servicer` answers Terraform;
every other file is one AWS service.
"""

VERSION = "5.100.0"
"""The provider version presented to Terraform: satisfies `>= 5.60, < 7`."""
