"""Webhooks may go to this machine where the service is tried out, and nowhere else."""

from pathlib import Path

from service import local
from service.settings import Settings
from tests.conftest import settings_for


def of(**environment: str) -> Settings:
    """The settings of what `run.py` starts."""
    here = local.Checkout(Path("/nowhere"), Path("/nowhere/python"), Path("/nowhere/.data"), environment)
    variables = local.variables_of(here, "postgresql:///nowhere")
    given = {name.removeprefix("SLOTWAY_").lower(): each for name, each in variables.items() if name != "DATABASE_URL"}
    return settings_for("postgresql:///nowhere", **given)


def test_a_demonstration_sends_webhooks_to_this_machine_and_a_live_installation_does_not():
    assert of().webhooks_insecure is True
    assert of(SLOTWAY_ENVIRONMENT="live").webhooks_insecure is False
    assert settings_for("postgresql:///nowhere").webhooks_insecure is False


def test_whoever_starts_a_demonstration_can_have_it_strict():
    assert of(SLOTWAY_WEBHOOKS_INSECURE="false").webhooks_insecure is False
