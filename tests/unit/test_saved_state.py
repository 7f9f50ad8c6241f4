"""What stands in the state inside of a saved plan, of that what AWS may stop to offer; never a secret."""

import json
import zipfile
from pathlib import Path

from dco.providers.terraform.saved import read_saved_state

STATE = {
    "serial": 7,
    "resources": [
        {
            "mode": "managed", "type": "aws_instance", "name": "db", "module": "module.ledger",
            "instances": [
                {
                    "index_key": "blue",
                    "attributes": {"id": "i-1", "instance_type": "t3.medium", "user_data": "x", "runtime": "hidden"},
                    "sensitive_attributes": [[{"type": "get_attr", "value": "runtime"}]],
                }
            ],
        },
        {"mode": "data", "type": "aws_ami", "name": "neo4j", "instances": [{"attributes": {"id": "ami-1"}}]},
    ],
}  # fmt: skip


def test_resources_in_use_are_read_with_their_addresses(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "plan", "w") as file:
        file.writestr("tfstate", json.dumps(STATE))
    saved = read_saved_state(tmp_path / "plan")
    assert saved is not None
    assert set(saved.data_sources) == {"data.aws_ami.neo4j"}
    (used,) = saved.in_use
    assert (used.kind, used.address) == ("aws_instance", 'module.ledger.aws_instance.db["blue"]')
    assert used.said == {"id": "i-1", "instance_type": "t3.medium"}
