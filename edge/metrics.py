"""What a monitoring system may scrape: no member, card or product is ever named."""

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.metrics_core import CounterMetricFamily

from drivers.terminal import HealthReport
from edge.journal import Room, State


def render(report: HealthReport, journal: State, unclaimed: Mapping[str, int]) -> bytes:
    """Return the metrics in the Prometheus text format (version 0.0.4).

    `unclaimed` are how many scans and cards nobody wanted, by lane.
    """
    registry = CollectorRegistry()
    registry.register(_Snapshot(report, journal, unclaimed))
    return generate_latest(registry)


class _Snapshot:
    def __init__(self, report: HealthReport, journal: State, unclaimed: Mapping[str, int]) -> None:
        self._report, self._journal, self._unclaimed = report, journal, unclaimed

    def collect(self) -> Iterable[Metric]:
        report = self._report
        yield _gauge("edge_selling", "1 while sales are possible", report.state != "not_selling")
        yield _gauge("edge_cloud_up", "1 while the cloud answers", report.cloud == "up")
        yield _gauge("edge_outbox_items", "facts the cloud has not acknowledged", report.waiting)
        yield _gauge("edge_journal_sequence", "the last durable fact", report.sequence)
        yield _gauge("edge_rules_version", "version of the rule bundle", report.bundle_version)
        yield _gauge("edge_price_book_version", "version of the price book", report.price_book)
        yield from self._disk()
        yield _gauge("edge_members", "members the box knows", report.members)
        yield from self._clock()
        yield from self._books()
        yield from self._devices()
        build = GaugeMetricFamily("edge_build_info", "the software", labels=["version"])
        build.add_metric([report.version], 1)
        yield build

    def _disk(self) -> Iterator[Metric]:
        at = self._journal
        yield CounterMetricFamily("edge_commits", "journal transactions", value=at.commits)
        yield _gauge("edge_waiting_facts", "facts that wait for the disk", at.waiting_facts)
        yield _gauge("edge_waiting_bytes", "what they take in memory", at.waiting_bytes)
        yield _gauge("edge_wal_bytes", "the write-ahead log in use", at.wal_bytes)
        yield _gauge("edge_disk_free_bytes", "besides the reserve", at.disk_free_bytes)
        yield _gauge("edge_reserve_bytes", "held for closing the books", at.reserve_bytes)
        room = GaugeMetricFamily("edge_disk_room", "1 for what may be placed", labels=["is"])
        for name in get_args(Room):
            room.add_metric([name], float(name == at.room))
        yield room

    def _clock(self) -> Iterator[Metric]:
        quality = GaugeMetricFamily("edge_clock", "1 for what the time rests on", labels=["on"])
        for name in ("trusted", "holdover", "unknown"):
            quality.add_metric([name], float(name == self._report.clock))
        yield quality
        if self._report.clock_error_ms is not None:
            seconds = self._report.clock_error_ms / 1000
            yield _gauge("edge_clock_error_seconds", "how far the time may be off", seconds)

    def _books(self) -> Iterator[Metric]:
        report = self._report
        if report.books != "unchecked":
            yield _gauge("edge_books_agree", "1 if the last check said so", report.books == "agree")
            yield _gauge("edge_books_checked", "the last fact it has seen", report.books_checked)

    def _devices(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("edge_device_up", "1 while a device is ready", labels=["device"])
        for name, state in self._report.devices.items():
            up.add_metric([name], float(state == "ready"))
        yield up
        dropped = CounterMetricFamily(
            "edge_unclaimed", "scans and cards that nobody wanted", labels=["lane"]
        )
        for lane, count in self._unclaimed.items():
            dropped.add_metric([lane], count)
        yield dropped


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=float(value))
