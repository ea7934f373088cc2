"""Emission factors: immutable releases as package data, each with its source, licence, unit, prices and GWP set."""

from vcci_platform.carbon.factors.pack import Deflators, FactorPack, PackError, load_pack

__all__ = ["Deflators", "FactorPack", "PackError", "load_pack"]
