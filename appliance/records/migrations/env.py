"""Alembic's entry: runs on the connection handed over by `appliance.records.migrate`."""

from alembic import context

import appliance.records  # noqa: F401  (registers the tables)
from appliance.records.base import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection,
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
