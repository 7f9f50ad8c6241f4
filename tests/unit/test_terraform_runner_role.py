"""The role that terraform/runner makes allows what dco does on AWS."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROVIDERS = ROOT / "src" / "dco" / "providers" / "aws"
CALL = re.compile(
    r"\.(ecs|ecs_once|ecr|logs|cloudwatch|s3|ssm|secretsmanager|sns|iam|codebuild|elbv2|ec2|events|health)"
    r"\.(?:get_paginator\(\s*\"(?P<page>[a-z0-9_]+)\"|(?P<call>[a-z0-9_]+_[a-z0-9_]+))"
)
PREFIX = {"ecs_once": "ecs", "elbv2": "elasticloadbalancing"}
NOT_A_CALL = {"generate_presigned_url", "get_paginator", "get_waiter", "can_paginate", "meta", "exceptions"}
SAME_AS = {
    "s3:HeadObject": "s3:GetObject",
    "s3:HeadBucket": "s3:ListBucket",
    "s3:ListObjects": "s3:ListBucket",
    "s3:ListObjectsV2": "s3:ListBucket",
    "s3:ListObjectVersions": "s3:ListBucketVersions",
    "s3:GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
}


def calls() -> set[str]:
    found: set[str] = set()
    # `dco init` looks through an account with a person's credentials, not with the role's
    for path in (path for path in PROVIDERS.glob("*.py") if path.name != "survey.py"):
        for match in CALL.finditer(path.read_text()):
            name = match["page"] or match["call"]
            if name not in NOT_A_CALL:
                service = PREFIX.get(match[1], match[1])
                action = f"{service}:{''.join(word.capitalize() for word in name.split('_'))}"
                found.add(SAME_AS.get(action, action))
    return found


def allowed() -> list[str]:
    text = (ROOT / "terraform" / "runner" / "access.tf").read_text()
    return re.findall(r'"([a-z0-9-]+:[A-Z][A-Za-z0-9]*\*?)"', text)


def covers(patterns: list[str], action: str) -> bool:
    return any(re.fullmatch(pattern.replace("*", ".*"), action) for pattern in patterns)


def test_every_call_of_dco_is_allowed() -> None:
    asked = calls()
    assert covers(allowed(), "cloudtrail:LookupEvents")
    assert {"ecs:UpdateService", "ecs:RegisterTaskDefinition", "ssm:PutParameter"} <= asked
    assert sorted(action for action in asked if not covers(allowed(), action)) == []


def test_nothing_is_allowed_that_would_let_dco_take_back_what_it_wrote() -> None:
    text = (ROOT / "terraform" / "runner" / "access.tf").read_text()
    journal = text[text.index('"KeepJournal"') : text.index('"LookIntoJournal"')]
    actions = re.findall(r'"s3:(\w+)"', journal)
    assert "PutObject" in actions
    assert not {"DeleteObjectVersion", "BypassGovernanceRetention"} & set(actions)
    assert not covers(allowed(), "ecs:DeleteCluster")
    assert not covers(allowed(), "iam:PutRolePolicy")
