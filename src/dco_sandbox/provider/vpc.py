"""EC2's network: VPC, subnets, route tables."""

from typing import Any

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.kind import Kind, given, pairs, unpaired
from dco_sandbox.provider.schema import BOOL, TAGS, computed, either, optional, required
from dco_sandbox.provider.wire import Values


class Ec2Kind(Kind):
    """A kind whose tags are EC2's."""

    def retag(self, aws: Aws, have: Values, add: dict[str, str], remove: list[str]) -> None:
        """Change tags by the thing's id."""
        if remove:
            aws("ec2").delete_tags(Resources=[have["id"]], Tags=[{"Key": k} for k in remove])
        if add:
            aws("ec2").create_tags(Resources=[have["id"]], Tags=pairs(add))


def marked(what: str, want: Values) -> dict[str, Any]:
    """Give the argument that tags a thing while it is made."""
    tags = pairs(want["tags_all"])
    return {"TagSpecifications": [{"ResourceType": what, "Tags": tags}]} if tags else {}


def tags_of(thing: dict[str, Any]) -> dict[str, str]:
    """Give a described thing's tags."""
    return unpaired(thing.get("Tags"))


class Vpc(Ec2Kind):
    """A virtual network."""

    name = "aws_vpc"
    attributes = (
        computed("id"),
        computed("arn"),
        required("cidr_block", new=True),
        either("enable_dns_support", BOOL, True),
        either("enable_dns_hostnames", BOOL, False),
        computed("main_route_table_id"),
        computed("default_security_group_id"),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the network."""
        made = aws("ec2").create_vpc(CidrBlock=want["cidr_block"], **marked("vpc", want))["Vpc"]
        return {"id": made["VpcId"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Set what creation has no argument for."""
        self.update(aws, state, state)

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the network, its DNS attributes, its main table and default group."""
        ec2, here = aws("ec2"), [{"Name": "vpc-id", "Values": [have["id"]]}]
        found = ec2.describe_vpcs(VpcIds=[have["id"]])["Vpcs"]
        if not found:
            return None
        tables = ec2.describe_route_tables(Filters=here)["RouteTables"]
        main = [t["RouteTableId"] for t in tables if any(a.get("Main") for a in t["Associations"])]
        default = [*here, {"Name": "group-name", "Values": ["default"]}]
        groups = ec2.describe_security_groups(Filters=default)["SecurityGroups"]
        owner = found[0].get("OwnerId", "")
        region = ec2.meta.region_name
        return {
            "arn": f"arn:aws:ec2:{region}:{owner}:vpc/{have['id']}",
            "cidr_block": found[0]["CidrBlock"],
            "enable_dns_support": _dns(ec2, have["id"], "enableDnsSupport"),
            "enable_dns_hostnames": _dns(ec2, have["id"], "enableDnsHostnames"),
            "main_route_table_id": main[0] if main else None,
            "default_security_group_id": groups[0]["GroupId"] if groups else None,
            "tags_all": tags_of(found[0]),
        }

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Set the DNS attributes."""
        for key, argument in (
            ("enable_dns_support", "EnableDnsSupport"),
            ("enable_dns_hostnames", "EnableDnsHostnames"),
        ):
            aws("ec2").modify_vpc_attribute(VpcId=have["id"], **{argument: {"Value": want[key]}})

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws("ec2").delete_vpc(VpcId=have["id"])


def _dns(ec2: Any, vpc: str, attribute: str) -> bool:
    answer = ec2.describe_vpc_attribute(VpcId=vpc, Attribute=attribute)
    return answer[attribute[0].upper() + attribute[1:]]["Value"]


class Subnet(Ec2Kind):
    """A part of a network in one zone."""

    name = "aws_subnet"
    attributes = (
        computed("id"),
        computed("arn"),
        required("vpc_id", new=True),
        required("cidr_block", new=True),
        either("availability_zone", new=True),
        either("map_public_ip_on_launch", BOOL, False),
        *TAGS,
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the subnet."""
        zone = given(AvailabilityZone=want["availability_zone"])
        answer = aws("ec2").create_subnet(
            VpcId=want["vpc_id"], CidrBlock=want["cidr_block"], **zone, **marked("subnet", want)
        )
        return {"id": answer["Subnet"]["SubnetId"]}

    def arrange(self, aws: Aws, state: Values) -> None:
        """Set what creation has no argument for."""
        if state["map_public_ip_on_launch"]:
            self.update(aws, state, state)

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the subnet."""
        found = aws("ec2").describe_subnets(SubnetIds=[have["id"]])["Subnets"]
        return found and {
            "arn": found[0]["SubnetArn"],
            "vpc_id": found[0]["VpcId"],
            "cidr_block": found[0]["CidrBlock"],
            "availability_zone": found[0]["AvailabilityZone"],
            "map_public_ip_on_launch": found[0]["MapPublicIpOnLaunch"],
            "tags_all": tags_of(found[0]),
        }

    def update(self, aws: Aws, have: Values, want: Values) -> None:
        """Set whether instances get public addresses."""
        public = {"Value": want["map_public_ip_on_launch"]}
        aws("ec2").modify_subnet_attribute(SubnetId=have["id"], MapPublicIpOnLaunch=public)

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws("ec2").delete_subnet(SubnetId=have["id"])


class RouteTable(Ec2Kind):
    """A route table; its routes are resources of their own."""

    name = "aws_route_table"
    attributes = (computed("id"), computed("arn"), required("vpc_id", new=True), *TAGS)

    def create(self, aws: Aws, want: Values) -> Values:
        """Make the table."""
        answer = aws("ec2").create_route_table(VpcId=want["vpc_id"], **marked("route-table", want))
        return {"id": answer["RouteTable"]["RouteTableId"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Ask for the table."""
        ec2 = aws("ec2")
        found = ec2.describe_route_tables(RouteTableIds=[have["id"]])["RouteTables"]
        if not found:
            return None
        arn = f"arn:aws:ec2:{ec2.meta.region_name}:{found[0].get('OwnerId', '')}:route-table/{have['id']}"
        return {"arn": arn, "vpc_id": found[0]["VpcId"], "tags_all": tags_of(found[0])}

    def delete(self, aws: Aws, have: Values) -> None:
        """End it."""
        aws("ec2").delete_route_table(RouteTableId=have["id"])


class Route(Kind):
    """One route of a table."""

    name = "aws_route"
    attributes = (
        computed("id"),
        required("route_table_id", new=True),
        required("destination_cidr_block", new=True),
        optional("gateway_id", new=True),
        optional("nat_gateway_id", new=True),
        computed("state"),
    )

    def create(self, aws: Aws, want: Values) -> Values:
        """Add the route."""
        way = given(GatewayId=want["gateway_id"], NatGatewayId=want["nat_gateway_id"])
        aws("ec2").create_route(
            RouteTableId=want["route_table_id"], DestinationCidrBlock=want["destination_cidr_block"], **way
        )
        return {"id": f"r-{want['route_table_id']}-{want['destination_cidr_block']}"}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Look for the route in its table."""
        tables = aws("ec2").describe_route_tables(RouteTableIds=[have["route_table_id"]])["RouteTables"]
        for route in tables[0]["Routes"] if tables else []:
            if route.get("DestinationCidrBlock") == have["destination_cidr_block"]:
                return {
                    "gateway_id": route.get("GatewayId"),
                    "nat_gateway_id": route.get("NatGatewayId"),
                    "state": route.get("State", "active"),
                }
        return None

    def delete(self, aws: Aws, have: Values) -> None:
        """Take the route out."""
        aws("ec2").delete_route(
            RouteTableId=have["route_table_id"], DestinationCidrBlock=have["destination_cidr_block"]
        )


class RouteTableAssociation(Kind):
    """Which table a subnet uses."""

    name = "aws_route_table_association"
    attributes = (computed("id"), required("subnet_id", new=True), required("route_table_id", new=True))

    def create(self, aws: Aws, want: Values) -> Values:
        """Tie them."""
        answer = aws("ec2").associate_route_table(SubnetId=want["subnet_id"], RouteTableId=want["route_table_id"])
        return {"id": answer["AssociationId"]}

    def read(self, aws: Aws, have: Values) -> Values | None:
        """Look for the tie in its table."""
        tables = aws("ec2").describe_route_tables(RouteTableIds=[have["route_table_id"]])["RouteTables"]
        for tie in tables[0]["Associations"] if tables else []:
            if tie["RouteTableAssociationId"] == have["id"]:
                return {"subnet_id": tie["SubnetId"], "route_table_id": tie["RouteTableId"]}
        return None

    def delete(self, aws: Aws, have: Values) -> None:
        """Untie them."""
        aws("ec2").disassociate_route_table(AssociationId=have["id"])


KINDS = (Vpc, Subnet, RouteTable, Route, RouteTableAssociation)
