"""The answers to Terraform: protocol 6, one method a question."""

import json
import traceback
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tf.gen import tfplugin_pb2_grpc

from dco_sandbox.provider.aws import Aws
from dco_sandbox.provider.catalogue import kinds, lookups_known
from dco_sandbox.provider.kind import Kind, code_of, is_gone, once_visible, wait_until
from dco_sandbox.provider.planning import plan_change
from dco_sandbox.provider.schema import TEXT_MAP, TEXT_SET, Block, complete, optional, pb, schema_message
from dco_sandbox.provider.wire import Values, holds_unknown, is_unknown, pack, unpack, without_unknown

PROVIDER_ATTRIBUTES = (optional("region"), optional("profile"))
PROVIDER_BLOCKS = (
    Block("default_tags", (optional("tags", TEXT_MAP),), most=1),
    Block("ignore_tags", (optional("keys", TEXT_SET), optional("key_prefixes", TEXT_SET)), most=1),
)
Base: Any = tfplugin_pb2_grpc.ProviderServicer


def _value(value: Any) -> Any:
    return pb.DynamicValue(msgpack=pack(value))


def _path(name: str) -> Any:
    return pb.AttributePath(steps=[pb.AttributePath.Step(attribute_name=name)])


def _trouble(summary: str, detail: str) -> list[Any]:
    return [pb.Diagnostic(severity=pb.Diagnostic.ERROR, summary=summary, detail=detail)]


def attempt(verb: str, name: str, work: Callable[[], None]) -> list[Any]:
    """Do the work and give Terraform's diagnostics of what went wrong with AWS; anything else is a bug here."""
    try:
        work()
    except ClientError as error:
        return _trouble(f"{verb} {name}: {code_of(error)}", str(error))
    except (BotoCoreError, TimeoutError) as error:
        return _trouble(f"{verb} {name}: {type(error).__name__}", str(error))
    except (LookupError, TypeError, ValueError) as error:
        # AWS answered otherwise than expected here: where that was is what a person needs.
        where = traceback.format_exc(limit=-3)
        return _trouble(f"{verb} {name}: {type(error).__name__}: {error}", where)
    return []


class Servicer(Base):
    """Answers for every type in the catalogue. Terraform asks from ten threads at once."""

    def __init__(self, _app: Any = None) -> None:
        self._aws = Aws()
        self._kinds = {kind.name: kind for kind in kinds()}
        self._lookups = {lookup.name: lookup for lookup in lookups_known()}

    def GetMetadata(self, _request: Any, _context: Any) -> Any:  # noqa: N802 - the protocol's name
        """Say what this provider can do."""
        return pb.GetMetadata.Response(server_capabilities=_abilities())

    def GetProviderSchema(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Give every table."""
        return pb.GetProviderSchema.Response(
            provider=schema_message(PROVIDER_ATTRIBUTES, PROVIDER_BLOCKS),
            provider_meta=schema_message((), ()),
            resource_schemas={n: schema_message(k.attributes, k.blocks) for n, k in self._kinds.items()},
            data_source_schemas={n: schema_message(k.attributes, k.blocks) for n, k in self._lookups.items()},
            server_capabilities=_abilities(),
        )

    def ValidateProviderConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Accept: Terraform has checked the arguments against the table."""
        return pb.ValidateProviderConfig.Response()

    def ValidateResourceConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Accept, as above; AWS refuses wrong values by itself."""
        return pb.ValidateResourceConfig.Response()

    def ValidateDataResourceConfig(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Accept, as above."""
        return pb.ValidateDataResourceConfig.Response()

    def ConfigureProvider(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Take the region, and which tags are everywhere and which are nobody's business."""
        config: Values = unpack(request.config.msgpack) or {}
        if holds_unknown(config):
            detail = "Give the provider values that do not depend on resources."
            return pb.ConfigureProvider.Response(
                diagnostics=_trouble("Provider configuration is not known yet", detail)
            )
        self._aws = _configured(config)
        return pb.ConfigureProvider.Response()

    def UpgradeResourceState(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Give stored state back, with null for attributes that its writer did not know."""
        kind = self._kinds[request.type_name]
        stored: Values = json.loads(request.raw_state.json)
        state = complete(kind.attributes, kind.blocks, stored)
        return pb.UpgradeResourceState.Response(upgraded_state=_value(state))

    def ReadResource(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Give the resource as it is now, null when it is gone."""
        kind = self._kinds[request.type_name]
        have: Values = unpack(request.current_state.msgpack)
        found: list[Values | None] = [have]

        def work() -> None:
            found[0] = self._read(kind, have)

        troubles = attempt("reading", kind.name, work)
        return pb.ReadResource.Response(new_state=_value(found[0]), diagnostics=troubles)

    def PlanResourceChange(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Say what would come of the change, and what forces a replacement."""
        kind = self._kinds[request.type_name]
        prior, proposed = unpack(request.prior_state.msgpack), unpack(request.proposed_new_state.msgpack)
        if proposed is None:
            return pb.PlanResourceChange.Response(planned_state=_value(None))
        config: Values = unpack(request.config.msgpack)
        planned, replace = plan_change(kind, self._aws, prior, proposed, config)
        return pb.PlanResourceChange.Response(
            planned_state=_value(planned), requires_replace=[_path(name) for name in replace]
        )

    def ApplyResourceChange(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Create, update or delete; on failure, keep in the state what exists."""
        kind = self._kinds[request.type_name]
        prior, planned = unpack(request.prior_state.msgpack), unpack(request.planned_state.msgpack)
        kept: list[Values | None] = [prior]
        if planned is None:
            troubles = attempt("deleting", kind.name, lambda: self._delete(kind, prior, kept))
        elif prior is None:
            troubles = attempt("creating", kind.name, lambda: self._create(kind, planned, kept))
        else:
            troubles = attempt("updating", kind.name, lambda: self._update(kind, prior, planned, kept))
        return pb.ApplyResourceChange.Response(new_state=_value(kept[0]), diagnostics=troubles)

    def ImportResourceState(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Refuse: a sandbox makes its own world, there is nothing to import."""
        detail = "The sandbox's stand-in for hashicorp/aws cannot import."
        troubles = _trouble(f"{request.type_name} cannot be imported", detail)
        return pb.ImportResourceState.Response(diagnostics=troubles)

    def ReadDataSource(self, request: Any, _context: Any) -> Any:  # noqa: N802
        """Answer a data source."""
        lookup = self._lookups[request.type_name]
        asked: Values = unpack(request.config.msgpack)
        found: list[Values] = [asked]

        def work() -> None:
            answer = {**asked, **lookup.read(self._aws, asked)}
            found[0] = complete(lookup.attributes, lookup.blocks, answer)

        troubles = attempt("reading data", lookup.name, work)
        return pb.ReadDataSource.Response(state=_value(found[0]), diagnostics=troubles)

    def GetFunctions(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Say that there are no functions."""
        return pb.GetFunctions.Response()

    def StopProvider(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """Acknowledge; the runner ends the process."""
        return pb.StopProvider.Response()

    def _read(self, kind: Kind, have: Values) -> Values | None:
        try:
            real = kind.read(self._aws, have)
        except ClientError as error:
            if is_gone(error):
                return None
            raise
        return None if real is None else kind.state(self._aws, have, real)

    def _create(self, kind: Kind, planned: Values, kept: list[Values | None]) -> None:
        want = without_unknown(planned)
        kind.plan_tags(self._aws, want)
        state = {**want, **once_visible(lambda: kind.create(self._aws, want))}
        kept[0] = state
        once_visible(lambda: kind.arrange(self._aws, state))
        self._read_back(kind, state, kept)

    def _read_back(self, kind: Kind, state: Values, kept: list[Values | None]) -> None:
        def visible() -> bool:
            found = self._read(kind, state)
            kept[0] = found or state
            return found is not None

        wait_until(f"{kind.name} {state.get('id')} to be visible", visible, 20.0)

    def _update(self, kind: Kind, prior: Values, planned: Values, kept: list[Values | None]) -> None:
        want = {k: prior.get(k) if is_unknown(v) else without_unknown(v) for k, v in planned.items()}
        kind.plan_tags(self._aws, want)
        once_visible(lambda: kind.update(self._aws, prior, want))
        self._retag(kind, prior, want)
        self._read_back(kind, want, kept)

    def _retag(self, kind: Kind, prior: Values, want: Values) -> None:
        if not kind.tagged or prior.get("tags_all") == want["tags_all"]:
            return
        old = prior.get("tags_all") or {}
        add = {k: v for k, v in want["tags_all"].items() if old.get(k) != v}
        kind.retag(self._aws, prior, add, [k for k in old if k not in want["tags_all"]])

    def _delete(self, kind: Kind, prior: Values, kept: list[Values | None]) -> None:
        try:
            kind.delete(self._aws, prior)
        except ClientError as error:
            if not is_gone(error):
                raise
        kept[0] = None


def _configured(config: Values) -> Aws:
    ignored: Values = (config.get("ignore_tags") or [{}])[0]
    return Aws(
        region=config.get("region"),
        profile=config.get("profile"),
        default_tags=(config.get("default_tags") or [{}])[0].get("tags") or {},
        ignored_keys=tuple(ignored.get("keys") or ()),
        ignored_prefixes=("aws:", *(ignored.get("key_prefixes") or ())),
    )


def _abilities() -> Any:
    return pb.ServerCapabilities(plan_destroy=True, get_provider_schema_optional=True)
