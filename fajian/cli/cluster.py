"""How a command finds the cluster: what the environment says, else the embedded bus of the data folder."""

from fajian.local.stack import read_stack
from fajian.settings import Settings, load_settings


def settings_of(principal: str) -> Settings:
    """Return settings that act as *principal* on the embedded bus, or as whoever the environment names."""
    given = load_settings()
    if "bootstrap_servers" in given.model_fields_set:
        return given
    stack = read_stack(given.data_dir)
    return load_settings(
        bootstrap_servers=stack.bootstrap,
        sasl_username=principal,
        sasl_password=stack.passwords[principal],
        partitions=stack.partitions,
        replication_factor=stack.replication_factor,
    )
