"""What a monitoring system may scrape: no member, card or product is ever named."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.metrics_core import CounterMetricFamily

from drivers.terminal import HealthReport


def render(report: HealthReport, commits: int) -> bytes:
    """Return the metrics in the Prometheus text format (version 0.0.4)."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(report, commits))
    return generate_latest(registry)


class _Snapshot:
    def __init__(self, report: HealthReport, commits: int) -> None:
        self._report, self._commits = report, commits

    def collect(self) -> Iterable[Metric]:
        report = self._report
        yield _gauge("edge_selling", "1 while sales are possible", report.state != "not_selling")
        yield _gauge("edge_cloud_up", "1 while the cloud answers", report.cloud == "up")
        yield _gauge("edge_outbox_items", "facts the cloud has not acknowledged", report.waiting)
        yield _gauge("edge_journal_sequence", "the last durable fact", report.sequence)
        yield _gauge("edge_rules_version", "version of the rule bundle", report.bundle_version)
        yield _gauge("edge_price_book_version", "version of the price book", report.price_book)
        yield CounterMetricFamily("edge_commits", "journal transactions", value=self._commits)
        yield from self._devices()
        build = GaugeMetricFamily("edge_build_info", "the software", labels=["version"])
        build.add_metric([report.version], 1)
        yield build

    def _devices(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("edge_device_up", "1 while a device is ready", labels=["device"])
        for name, state in self._report.devices.items():
            up.add_metric([name], float(state == "ready"))
        yield up


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=float(value))
