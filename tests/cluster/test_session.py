"""Sessions: what happens where no cluster answers."""

import socket

import pytest

from dscvsr_cli.cluster.session import ray_session
from dscvsr_cli.errors import UsageError

pytest.importorskip("ray")


@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_an_address_where_nothing_listens_is_refused_at_once(scheme: str) -> None:
    with socket.socket() as free:
        # Bound and not listening, so that nobody else can take the port meanwhile.
        free.bind(("127.0.0.1", 0))
        address = f"{scheme}127.0.0.1:{free.getsockname()[1]}"
        refusal = pytest.raises(UsageError, match="no Ray cluster can be reached")
        with refusal as refused, ray_session(address):
            pytest.fail("there is no cluster")
    assert address in refused.value.message
    assert "ray start" in refused.value.hint
