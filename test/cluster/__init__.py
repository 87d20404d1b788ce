"""Starts and stops private clusters of PostgreSQL servers, and pgshunt in front of them. See topology.py."""

from . import bank
from .pooler import Pgshunt
from .tables import KEYS, Table, distribute, load_schema, local_table, node_of, reference_table, values_on
from .topology import DATABASE, KINDS, ROLES, SUPERUSER, Cluster, citus_available, end_on_signals

__all__ = ["DATABASE", "KEYS", "KINDS", "ROLES", "SUPERUSER", "Cluster", "Pgshunt", "Table", "bank", "citus_available",
           "distribute", "end_on_signals", "load_schema", "local_table", "node_of", "reference_table", "values_on"]
