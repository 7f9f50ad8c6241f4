"""`dco init`: what is found becomes a dco.toml; what nobody knows is left for a person."""

import subprocess
import sys
from pathlib import Path

from dco import settings
from dco.model.survey import Account, Checkout, Running, Wish
from dco.providers import checkout
from dco.review.drafting import draft, likely_bucket, likely_family, likely_name

IMAGE = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop"
ACCOUNT = Account(
    account="123456789012",
    services=(
        Running(cluster="shop-prod", name="web", family="shop-prod-web", container="app", image=f"{IMAGE}:7"),
        Running(cluster="shop-dev", name="web", family="shop-dev-web", container="app", image=f"{IMAGE}:8"),
    ),
    families={"shop-prod-nightly": f"{IMAGE}@sha256:0", "shop-prod-mail": "other:1", "shop-dev-nightly": IMAGE},
    parameters=("/shop/prod/web/image", "/shop/prod/web/built", "/shop/prod/main/uri", "/shop/prod/main/slot"),
    secrets=("shop/prod/main",),
    alarms=("shop-prod-5xx", "TargetTracking-service/shop-prod/web-AlarmHigh-1", "shop-dev-5xx"),
    buckets=("shop-dev-dco", "shop-prod-dco", "shop-prod-state"),
)
CHECKOUT = Checkout(
    name="shop",
    dockerfiles=("Dockerfile",),
    stacks=("infra",),
    var_files={"infra": ("dev.tfvars", "prod.tfvars")},
    workflows=".github/workflows",
)


def test_all_that_the_account_and_the_repository_hold_is_taken(tmp_path: Path) -> None:
    assert likely_name(ACCOUNT) == "prod"
    assert likely_family(ACCOUNT, "prod") == "shop-prod-nightly"
    assert likely_bucket(ACCOUNT, "prod") == "shop-prod-dco"
    wish = Wish(name="prod", region="eu-central-1", bucket="shop-prod-dco", family="shop-prod-nightly")
    made = draft(CHECKOUT, ACCOUNT, wish)
    assert made.left == ()
    (tmp_path / "dco.toml").write_text(made.text)
    environment = settings.read(tmp_path).needed()
    assert environment.mode == "observe"
    web = environment.applications["web"]
    assert (web.repository, web.families) == (IMAGE, ["shop-prod-nightly"])
    assert list(web.services) == ["web"]
    assert environment.stacks["main"].var_files == ["prod.tfvars"]
    assert environment.verify.alarms == ["shop-prod-5xx"], "no scaling alarm, none of another environment"
    assert "shop-dev" not in made.text


def test_what_nobody_knows_is_left_and_named(tmp_path: Path) -> None:
    made = draft(Checkout(name="shop"), Account(account=""), Wish(name="prod", region=""))
    assert made.left == ("aws.region", "state.bucket", "offering.cluster", "offering.task_definition",
                         "offering.network_of")  # fmt: skip
    (tmp_path / "dco.toml").write_text(made.text)
    found = settings.read(tmp_path).trouble
    assert found is not None
    assert "missing" in found.what


def test_the_repository_is_looked_through(tmp_path: Path) -> None:
    (tmp_path / "infra/modules/net").mkdir(parents=True)
    (tmp_path / "infra/main.tf").write_text('terraform {\n  backend "s3" {}\n}\n')
    (tmp_path / "infra/prod.tfvars").write_text("")
    (tmp_path / "infra/modules/net/main.tf").write_text('resource "aws_vpc" "this" {}\n')
    (tmp_path / "node_modules/x").mkdir(parents=True)
    (tmp_path / "node_modules/x/Dockerfile").write_text("")
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    found = checkout.survey(tmp_path)
    assert (found.stacks, found.dockerfiles, found.workflows) == (("infra",), ("Dockerfile",), None)
    assert found.var_files == {"infra": ("prod.tfvars",)}


def test_init_writes_without_credentials_and_never_over_a_file(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch")
    argv = [sys.executable, "-m", "dco", "-C", str(tmp_path), "init", "--yes", "--offering", "echo 'it is done'"]
    environment = {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    assert "the account was not looked at: no region is known" in done.stdout
    assert "for you to say: state.bucket" in done.stdout
    written = (tmp_path / "dco.toml").read_text()
    assert 'command = ["echo","it is done"]' in written
    again = subprocess.run(argv, capture_output=True, text=True, env=environment, check=False)
    assert again.returncode == 4
    assert "--force" in again.stderr
    assert (tmp_path / "dco.toml").read_text() == written
