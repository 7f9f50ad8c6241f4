"""The world's git repository: the sample with its Terraform modules beside it, and its `dco.toml`."""

import shutil
import subprocess
import sys
from pathlib import Path
from string import Template

import dco_sandbox
from dco_sandbox import cache
from dco_sandbox.world import World, WorldError

ROOT = Path(dco_sandbox.__file__).parents[2]
"""Where this project is checked out; the sample is there and nowhere else."""

_IDENTITY = ("-c", "user.name=Credcoin", "-c", "user.email=credcoin@example.com", "-c", "commit.gpgsign=false")
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".terraform", "*.tfstate*", "*.pyc")


def make_repository(world: World) -> None:
    """Make the repository unless it is there; it appears at once and complete, by a rename."""
    if world.repo.exists():
        return
    sample, modules = ROOT / "examples" / "credcoin", ROOT / "terraform"
    if not sample.is_dir():
        raise WorldError(f"there is no sample at {sample}", "run dco-sandbox from a clone of the repository")
    new = world.directory / "repo.new"
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(sample, new, ignore=_LEFT_OUT)
    shutil.copytree(modules, new / "terraform", ignore=_LEFT_OUT)
    (new / "dco.toml").write_text(filled_in(world, "dco.toml"))
    (new / "infra" / "sandbox.tfvars").write_text(filled_in(world, "sandbox.tfvars"))
    git(new, "init", "--quiet", "--initial-branch=main")
    commit(new, "The system as it is first deployed")
    new.rename(world.repo)


def filled_in(world: World, name: str) -> str:
    """Return a template that ships with the sandbox with the world's own values in it."""
    template = Template((Path(__file__).parent / "templates" / name).read_text())
    return template.substitute(
        account=world.account,
        region=world.region,
        endpoint=world.endpoint,
        number=world.number,
        url=service_url(world),
        python=sys.executable,
        neo4j=cache.root() / "neo4j" / "{version}",
        world=world.directory,
    )


def service_url(world: World) -> str:
    """Return where the load balancer answers: the first address that a world hands out to one."""
    return f"http://{world.address(0, 10)}:8080"


def commit(repository: Path, message: str) -> str:
    """Commit everything under a fixed identity and return the commit's id."""
    git(repository, "add", "--all")
    git(repository, *_IDENTITY, "commit", "--quiet", "--message", message)
    return git(repository, "rev-parse", "HEAD").strip()


def git(repository: Path, *arguments: str) -> str:
    """Run git and return what it prints; `WorldError` with its own words when it refuses."""
    done = subprocess.run(["git", "-C", str(repository), *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise WorldError(f"git {arguments[0]} failed in {repository}: {done.stderr.strip()}", "see git's message")
    return done.stdout
