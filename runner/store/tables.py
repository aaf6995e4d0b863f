"""The names of the tables, and the step that this version knows."""

from __future__ import annotations

from typing import Final

VERSIONS: Final = "pipeline_schema"
"""Where the step is noted that the tables are at: a name that no other program's Alembic has."""
NEWEST: Final = "0001"
"""The newest step that this version knows."""
OWN: Final = (
    "pipeline_definition",
    "pipeline_definition_revision",
    "pipeline_channel",
    "pipeline_run",
    "pipeline_series",
    "pipeline_finding",
    "pipeline_said",
)
"""The tables that `db upgrade` makes."""
DJANGO_DEFINITIONS: Final = "orchestration_pipelinedefinition"
"""Where the earlier Django app keeps definitions."""
DJANGO_CHANNELS: Final = "notify_notificationchannel"
"""Where it keeps channels."""
