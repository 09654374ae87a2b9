"""The command `edgebox conform cloud`: is somebody's membership cloud as it has to be?"""

import asyncio
import base64
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from cloud_bridge.http import HttpWire
from simulators.conform.cloud.cases import CASES
from simulators.conform.cloud.far_box import Broken, FarBox
from simulators.conform.cloud.playing import play, promise
from simulators.conform.cloud.stage import Case, Stage
from simulators.conform.judged import Result, conclude, stop, told, untold

CONTRACT = "v1"
PUBLIC_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whom we play at a cloud: two boxes of one store, and somebody who is a member there."""

    boxes: Sequence[tuple[str, Ed25519PrivateKey]]
    store: str
    member: str
    cloud_keys: dict[str, bytes]
    sealing_key: bytes | None = None


class Untestable(Exception):
    """There is nobody to judge; says why."""


@click.command()
@click.argument("url", required=False)
@click.option("--box", "boxes", multiple=True, metavar="NAME=KEYFILE",
              help="Two boxes that the cloud knows, with their private keys (PEM).")  # fmt: skip
@click.option("--cloud-key", "cloud_keys", multiple=True, metavar="NAME=BASE64",
              help="The cloud's public keys, for rules and the time.")  # fmt: skip
@click.option("--sealing-key", default="", metavar="BASE64",
              help="The cloud's X25519 public key, that people's data is sealed for.")  # fmt: skip
@click.option("--store", default="s1", show_default=True, help="The store of the boxes.")
@click.option("--member", default="", help="Somebody who holds some stored value there.")
@click.option("--case", "wanted", default="", help="Only cases whose name holds this.")
@click.option("--list", "listing", is_flag=True, help="Name all cases, and play none.")
@click.option(
    "--badge", type=click.Path(path_type=Path, dir_okay=False), help="Write it here, SVG."
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON, for programs.")
def cloud(  # noqa: PLR0913 - one argument for each option
    url: str | None, boxes: tuple[str, ...], cloud_keys: tuple[str, ...], sealing_key: str,
    store: str, member: str, wanted: str, listing: bool, badge: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Play two boxes against a cloud, and judge what it answers.

    It writes facts: use a tenant for tests. `edgebox cloud contract` prints what a cloud has to
    answer. Exits 1 when a promise is broken.

    \b
    Example: edgebox conform cloud https://test.example --box a=a.key --box b=b.key --member m1
             --cloud-key cloud-1=A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=
             --sealing-key B7jFQkh2hqeDAYVfy20/aoqRHNfxmDqbRNydzSKDnSM=
    """
    cases = [case for case in CASES if wanted in case.__name__]
    if not cases:
        stop(f"no case's name holds {wanted!r}", "edgebox conform cloud --list names them all")
    if listing:
        for case in cases:
            click.echo(f"{case.__name__}: {promise(case)}")
        return
    if url is None or not url.startswith(("http://", "https://")):
        stop("there is no cloud to check", "give its address, such as https://test.example")
    if not member:
        stop("nobody is a member there", "give one who holds stored value: --member m1")
    tenant = Tenant(
        _boxes(boxes), store, member, dict(map(_cloud_key, cloud_keys)),
        _public_key(sealing_key, "--sealing-key") if sealing_key else None,
    )  # fmt: skip
    try:
        results = asyncio.run(_play(url, tenant, cases, quiet=as_json))
    except Untestable as error:
        stop(f"{url} cannot be tested: {error}", "start it, and look at the address")
    conclude(results, "cloud", ("contract", CONTRACT), badge, as_json)


async def _play(url: str, tenant: Tenant, cases: Sequence[Case], *, quiet: bool) -> list[Result]:
    luck = random.SystemRandom()
    async with HttpWire(url) as wire:
        one, other = [
            FarBox(name, key, wire, lambda: time.time_ns() // 1_000_000, lambda: _nonce(luck))
            for name, key in tenant.boxes
        ]
        try:
            await one.bare("GET", "/v1/head")
        except Broken as nobody:
            raise Untestable(str(nobody)) from nobody
        stage = Stage(
            one, other, tenant.store, tenant.member, tenant.cloud_keys, luck, tenant.sealing_key
        )
        return await play(stage, untold if quiet else told, cases)


def _nonce(luck: random.Random) -> str:
    return f"{luck.getrandbits(128):032x}"


# --- what is asked --------------------------------------------------------------------------------


def _boxes(texts: Sequence[str]) -> list[tuple[str, Ed25519PrivateKey]]:
    found = [(name, _private_key(Path(path))) for name, path in map(_pair, texts)]
    if len({name for name, _ in found}) != 2:
        stop("a cloud is checked with two boxes", "--box NAME=KEYFILE --box NAME=KEYFILE")
    return found


def _private_key(path: Path) -> Ed25519PrivateKey:
    fix = "openssl genpkey -algorithm ed25519 -out KEYFILE makes one"
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError) as error:
        stop(f"{path} is no private key: {error}", fix)
    if not isinstance(key, Ed25519PrivateKey):
        stop(f"{path} is no Ed25519 key", fix)
    return key


def _cloud_key(text: str) -> tuple[str, bytes]:
    name, encoded = _pair(text)
    return name, _public_key(encoded, "--cloud-key c")


def _public_key(encoded: str, option: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if len(key) != PUBLIC_KEY_BYTES:
        stop(f"{encoded!r} is no public key", f"give the base64 of 32 bytes: {option}=...")
    return key


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals):
        stop(f"{text!r} is not NAME=VALUE", "edgebox conform cloud --help shows an example")
    return name, value
