"""References to images and subjects of messages."""

import pytest

from dco.providers.aws.definitions import once
from dco.providers.aws.notices import plain
from dco.providers.aws.registry import digest_of, in_ecr, repository_of

DIGEST = "sha256:" + "0" * 64
ECR = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/team/app"


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        (f"{ECR}@{DIGEST}", ECR),
        (f"{ECR}:v1", ECR),
        (f"{ECR}:v1@{DIGEST}", ECR),
        ("registry:5000/app", "registry:5000/app"),
        ("registry:5000/app:v1", "registry:5000/app"),
        ("nginx", "nginx"),
        ("nginx:1", "nginx"),
    ],
)
def test_the_repository_is_what_is_left_without_tag_and_digest(image: str, repository: str) -> None:
    assert repository_of(image) == repository


def test_a_digest_has_64_hex_digits() -> None:
    assert digest_of(f"{ECR}@{DIGEST}") == DIGEST
    assert digest_of(f"{ECR}@sha256:12") is None
    assert digest_of(f"{ECR}:v1") is None
    assert in_ecr(ECR)
    assert not in_ecr("nginx")


def test_a_subject_fits_sns() -> None:
    assert plain("a\nb  ü") == "a b ?"
    assert len(plain("x" * 200)) == 100
    assert plain("x" * 100) == "x" * 100


def test_once_gives_up_what_is_no_matter_of_doubt() -> None:
    asked: list[str] = []

    def do() -> str:
        asked.append("do")
        raise KeyError

    with pytest.raises(KeyError):
        once(5, lambda: None, do)
    assert asked == ["do"]
    assert once(5, lambda: "there", do) == "there"
