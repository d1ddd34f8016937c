"""The whole configuration."""

from __future__ import annotations

from pydantic import Field

from edge.config.cameras import Camera
from edge.config.secrets import masked
from edge.config.sections import Counting, Gate, Log, Model, Optics, SessionSection, StoreSection
from edge.config.values import Section


class Config(Section):
    """All of it. Only `camera` must be given."""

    camera: Camera = Field(description="Where the frames come from.")
    optics: Optics = Optics()
    counting: Counting = Counting()
    model: Model = Model()
    gate: Gate = Gate()
    store: StoreSection = Field(default_factory=StoreSection)
    session: SessionSection = SessionSection()
    log: Log = Log()

    def as_settings(self) -> dict[str, object]:
        """As JSON holds it, for a session's record, without what is secret in an address."""
        return {key: masked(value) for key, value in self.model_dump(mode="json").items()}
