"""The reference of the API is whole without asking anybody else."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from vcci_platform import reference


@pytest.fixture
def client():
    app = FastAPI(title="Shop", docs_url=None, redoc_url=None)
    reference.install(app)
    return TestClient(app)


def test_every_file_of_the_page_is_served_from_here(client):
    page = client.get("/docs").text

    files = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(files) == 3
    for file in files:
        assert file.startswith("/docs/assets/")
        assert client.get(file).status_code == 200


def test_the_pages_that_load_from_elsewhere_are_off(client):
    assert client.get("/redoc").status_code == 404
    assert "https://" not in client.get("/docs").text
