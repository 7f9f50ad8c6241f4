"""EC2's ways out of a network: internet and NAT gateways, addresses, endpoints."""

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import given, wait_until
from dco_sandbox.provider.schema import BOOL, TAGS, TEXT_SET, computed, either, optional, required
from dco_sandbox.provider.vpc import Ec2Kind, marked, tags_of
from dco_sandbox.provider.wire import Values


class InternetGateway(Ec2Kind):
    """The way to the internet."""

    name = "aws_internet_gateway"
    attributes = (computed("id"), computed("arn"), optional("vpc_id", new=True), *TAGS)

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the gateway."""
        answer = aws("ec2").create_internet_gateway(**marked("internet-gateway", want))
        return {"id": answer["InternetGateway"]["InternetGatewayId"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Attach it to its network."""
        if state["vpc_id"]:
            aws("ec2").attach_internet_gateway(InternetGatewayId=state["id"], VpcId=state["vpc_id"])

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the gateway and where it is attached."""
        ec2 = aws("ec2")
        found = ec2.describe_internet_gateways(InternetGatewayIds=[have["id"]])["InternetGateways"]
        if not found:
            return None
        owner = found[0].get("OwnerId", "")
        ties = found[0].get("Attachments") or []
        return {
            "arn": f"arn:aws:ec2:{ec2.meta.region_name}:{owner}:internet-gateway/{have['id']}",
            "vpc_id": ties[0]["VpcId"] if ties else None,
            "tags_all": tags_of(found[0]),
        }

    def delete(self, aws: Aws, have: Values) -> None:
        """Detach and end it."""
        if have["vpc_id"]:
            aws("ec2").detach_internet_gateway(InternetGatewayId=have["id"], VpcId=have["vpc_id"])
        aws("ec2").delete_internet_gateway(InternetGatewayId=have["id"])


class Eip(Ec2Kind):
    """A public address of one's own."""

    name = "aws_eip"
    attributes = (computed("id"), computed("public_ip"), either("domain", new=True), *TAGS)

    def create(self, aws: Aws, want: Values) -> Values:
        """Get an address."""
        answer = aws("ec2").allocate_address(Domain=want["domain"] or "vpc", **marked("elastic-ip", want))
        return {"id": answer["AllocationId"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the address."""
        found = aws("ec2").describe_addresses(AllocationIds=[have["id"]])["Addresses"]
        return found and {
            "public_ip": found[0]["PublicIp"],
            "domain": found[0]["Domain"],
            "tags_all": tags_of(found[0]),
        }

    def delete(self, aws: Aws, have: Values) -> None:
        """Give the address back."""
        aws("ec2").release_address(AllocationId=have["id"])


class NatGateway(Ec2Kind):
    """The way out for private subnets."""

    name = "aws_nat_gateway"
    attributes = (
        computed("id"),
        required("subnet_id", new=True),
        optional("allocation_id", new=True),
        either("connectivity_type", default="public", new=True),
        computed("public_ip"),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the gateway."""
        answer = aws("ec2").create_nat_gateway(
            SubnetId=want["subnet_id"],
            ConnectivityType=want["connectivity_type"],
            **given(AllocationId=want["allocation_id"]),
            **marked("natgateway", want),
        )
        return {"id": answer["NatGateway"]["NatGatewayId"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Wait until it lets traffic through."""
        wait_until(f"NAT gateway {state['id']}", lambda: _nat_state(aws, state) == "available", 60)

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the gateway."""
        found = aws("ec2").describe_nat_gateways(NatGatewayIds=[have["id"]])["NatGateways"]
        if not found or found[0]["State"] in {"deleting", "deleted", "failed"}:
            return None
        addresses = found[0].get("NatGatewayAddresses") or [{}]
        return {
            "subnet_id": found[0]["SubnetId"],
            "allocation_id": addresses[0].get("AllocationId"),
            "public_ip": addresses[0].get("PublicIp"),
            "tags_all": tags_of(found[0]),
        }

    def delete(self, aws: Aws, have: Values) -> None:
        """End it, and wait: its address is busy until then."""
        aws("ec2").delete_nat_gateway(NatGatewayId=have["id"])
        ended = {"deleted", ""}
        wait_until(f"the end of NAT gateway {have['id']}", lambda: _nat_state(aws, have) in ended, 60)


def _nat_state(aws: Aws, have: Values) -> str:
    found = aws("ec2").describe_nat_gateways(NatGatewayIds=[have["id"]])["NatGateways"]
    return found[0]["State"] if found else ""


class VpcEndpoint(Ec2Kind):
    """A way to an AWS service that does not leave the network."""

    name = "aws_vpc_endpoint"
    attributes = (
        computed("id"),
        computed("arn"),
        required("vpc_id", new=True),
        required("service_name", new=True),
        either("vpc_endpoint_type", default="Gateway", new=True),
        optional("route_table_ids", TEXT_SET, new=True),
        optional("subnet_ids", TEXT_SET, new=True),
        optional("security_group_ids", TEXT_SET, new=True),
        either("private_dns_enabled", BOOL, False, new=True),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the endpoint."""
        answer = aws("ec2").create_vpc_endpoint(
            VpcId=want["vpc_id"],
            ServiceName=want["service_name"],
            VpcEndpointType=want["vpc_endpoint_type"],
            PrivateDnsEnabled=want["private_dns_enabled"],
            **given(
                RouteTableIds=want["route_table_ids"],
                SubnetIds=want["subnet_ids"],
                SecurityGroupIds=want["security_group_ids"],
            ),
            **marked("vpc-endpoint", want),
        )
        return {"id": answer["VpcEndpoint"]["VpcEndpointId"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the endpoint."""
        ec2 = aws("ec2")
        found = ec2.describe_vpc_endpoints(VpcEndpointIds=[have["id"]])["VpcEndpoints"]
        if not found or found[0]["State"].lower() in {"deleting", "deleted"}:
            return None
        owner = found[0].get("OwnerId", "")
        return {
            "arn": f"arn:aws:ec2:{ec2.meta.region_name}:{owner}:vpc-endpoint/{have['id']}",
            "vpc_id": found[0]["VpcId"],
            "service_name": found[0]["ServiceName"],
            "route_table_ids": found[0].get("RouteTableIds") or None,
            "subnet_ids": found[0].get("SubnetIds") or None,
            "tags_all": tags_of(found[0]),
        }

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws("ec2").delete_vpc_endpoints(VpcEndpointIds=[have["id"]])


KINDS = (InternetGateway, Eip, NatGateway, VpcEndpoint)
