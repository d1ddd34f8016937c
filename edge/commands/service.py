"""`hemocam doctor` and `hemocam install-service`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from edge.service.errors import ServiceError


def doctor(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="The YAML file that is to be used; also looks at its camera and record."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")] = False,
) -> None:
    """Look at camera, permissions, GPU, model, disk, record, clock and service, and say what to do.

    The exit code is 0 where all is well, 1 with warnings, 2 with an error.
    """
    from edge.commands.assembly import camera_for
    from edge.doctor.examination import examine
    from edge.doctor.finding import Level, worst

    colours = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "bold red"}
    console = Console(highlight=False, soft_wrap=True)
    findings = []
    for finding in examine(config, camera_for):
        findings.append(finding)
        if not as_json:
            said = f"[{colours[finding.level]}]{finding.level.value:<7}[/]  {finding.check:<11}  {escape(finding.text)}"
            console.print(said + (f"\n{' ' * 22}→ {escape(finding.cure)}" if finding.cure else ""))
    level = worst(findings)
    if as_json:
        told = {"level": level.value, "findings": [finding.as_json() for finding in findings]}
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2))
    raise typer.Exit(level.exit_code)


def install_service(
    instance: Annotated[str, typer.Option(help="The service's name: hemocam@NAME reads /etc/hemocam/NAME.yaml.")] = "hemocam",
    config: Annotated[
        Path | None, typer.Option("--config", "-c", help="Copied to /etc/hemocam/NAME.yaml; an example if none is there.")
    ] = None,
    prefix: Annotated[Path, typer.Option(help="Write below this folder, for a package.")] = Path("/"),
    force: Annotated[
        bool, typer.Option("--force", help="Replace what a person changed (kept as .before), and pass over objections.")
    ] = False,
) -> None:
    """Write the systemd unit, the rule for cameras, the journal's limits and a configuration; nothing is started."""
    import sys

    import edge
    import engines
    from edge.service.configuration import problems_as_service
    from edge.service.installation import Outcome, ServiceFile, install, next_steps, service_files
    from edge.service.places import Places, existing_groups, own_program, unreachable
    from edge.service.templates import EXAMPLE, template

    places, program = Places(prefix, instance), own_program()
    parts = (program, Path(sys.executable), Path(str(edge.__file__)), Path(str(engines.__file__)))
    cure = "make its environment of the system's Python, and not in a home: /usr/bin/python3 -m venv /opt/hemocam"
    objections = [f"{why}; {cure}" for why in map(unreachable, parts) if why]
    files = service_files(places, program, existing_groups(("video", "render")))
    own = config is not None and config.absolute() == places.config.absolute()
    if config is not None:
        objections += problems_as_service(config, places)
        if not own:
            files.append(ServiceFile(places.config, config.read_text("utf-8"), ours=False))
    elif not places.config.exists():
        files.append(ServiceFile(places.config, template(EXAMPLE), ours=False))
    if objections and not force:
        listed = "".join(f"\n  {each}" for each in dict.fromkeys(objections))
        raise ServiceError(f"nothing was written, for the service would not run (write all the same: --force):{listed}")
    outcomes = install(files, force)
    if places.config not in [path for path, _ in outcomes]:
        outcomes.append((places.config, Outcome.KEPT))
    for path, outcome in outcomes:
        typer.echo(f"{outcome.value:<9}  {path}")
    for objection in dict.fromkeys(objections):
        typer.echo(f"objection  {objection}", err=True)
    typer.echo("\n".join(["\nNow, as root:", *(f"  {step}" for step in next_steps(places, outcomes))]))
