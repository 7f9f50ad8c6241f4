"""The alarm layer: load balancers' metrics are measured, alarms evaluated."""

from dco_sandbox.runtime import Runtime


class AlarmLayer:
    """CloudWatch metrics of load balancers, and alarms that fire."""

    def install(self, runtime: Runtime) -> None:
        """Put the live calls in the place of moto's."""

    def tick(self, runtime: Runtime) -> None:
        """Measure and evaluate what is due."""
