"""A service with an engine, and somebody who may ask it."""

from collections.abc import Iterator

import pytest

from support.service import Customer, Service, running_service


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running_service(tmp_path_factory.mktemp("service")) as running:
        yield running


@pytest.fixture(scope="module")
def customer(service: Service) -> Customer:
    return service.customer("somebody")
